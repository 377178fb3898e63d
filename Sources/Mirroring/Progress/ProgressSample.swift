// SPDX-License-Identifier: Apache-2.0

/// A snapshot of the progress of a run.
public struct ProgressSample: Hashable, Sendable {
    /// A blob that is being read.
    public struct BlobTransfer: Hashable, Sendable {
        /// The name of the image.
        public var name: String
        /// The abbreviated digest of the blob.
        public var digest: String
        /// The number of bytes read.
        public var done: Int
        /// The size of the blob in bytes.
        public var size: Int

        /// Creates a transfer.
        public init(name: String, digest: String, done: Int, size: Int) {
            self.name = name
            self.digest = digest
            self.done = done
            self.size = size
        }
    }

    /// The number of images, or 0 if it is not known yet.
    public var total: Int
    /// The number of images that were started.
    public var begun: Int
    /// The number of images that are finished, including the failed ones.
    public var finished: Int
    /// The number of images that failed.
    public var troubled: Int
    /// The names of the images in progress, in the order in which they were started.
    public var inHand: [String]
    /// The number of bytes in the blobs of the images that were started, each blob once.
    public var expectedBytes: Int
    /// The number of these bytes that are at their targets or will not be copied.
    public var arrivedBytes: Int
    /// The number of bytes of blobs that were read, including repeated ones.
    public var readBytes: Int
    /// The transfers in progress, in the order in which they were started.
    public var transfers: [BlobTransfer]

    /// Creates a sample.
    public init(
        total: Int = 0, begun: Int = 0, finished: Int = 0, troubled: Int = 0,
        inHand: [String] = [], expectedBytes: Int = 0, arrivedBytes: Int = 0, readBytes: Int = 0,
        transfers: [BlobTransfer] = []
    ) {
        self.total = total
        self.begun = begun
        self.finished = finished
        self.troubled = troubled
        self.inHand = inHand
        self.expectedBytes = expectedBytes
        self.arrivedBytes = arrivedBytes
        self.readBytes = readBytes
        self.transfers = transfers
    }

    /// A Boolean value that indicates whether all images were started, so that ``expectedBytes`` is
    /// complete.
    public var isSurveyed: Bool { begun >= total }
}

// SPDX-License-Identifier: Apache-2.0

/// A snapshot of the progress of a run.
public struct ProgressSample: Hashable, Sendable {
    /// A blob that is being read.
    public struct Transfer: Hashable, Sendable {
        /// The name of the image.
        public var name: String
        /// The platform that the blob belongs to, or `nil` if several do or none is known.
        public var platform: String?
        /// The abbreviated digest of the blob.
        public var digest: String
        /// The number of bytes read.
        public var readBytes: Int
        /// The size of the blob in bytes.
        public var size: Int

        /// Creates a transfer.
        public init(
            name: String, platform: String? = nil, digest: String, readBytes: Int, size: Int
        ) {
            self.name = name
            self.platform = platform
            self.digest = digest
            self.readBytes = readBytes
            self.size = size
        }
    }

    /// The number of images, or 0 if it is not known yet.
    public var totalCount: Int
    /// The number of images that were started.
    public var startedCount: Int
    /// The number of images that are finished, including the failed ones.
    public var finishedCount: Int
    /// The number of images that failed.
    public var failedCount: Int
    /// The names of the images in progress, in the order in which they were started.
    public var activeNames: [String]
    /// The number of bytes in the blobs of the images that were started, each blob once.
    public var expectedBytes: Int
    /// The number of these bytes that are at their targets or will not be copied.
    public var completedBytes: Int
    /// The number of bytes of blobs that were read, including repeated ones.
    public var readBytes: Int
    /// The transfers in progress, in the order in which they were started.
    public var transfers: [Transfer]

    /// Creates a sample.
    public init(
        totalCount: Int = 0, startedCount: Int = 0, finishedCount: Int = 0, failedCount: Int = 0,
        activeNames: [String] = [], expectedBytes: Int = 0, completedBytes: Int = 0,
        readBytes: Int = 0,
        transfers: [Transfer] = []
    ) {
        self.totalCount = totalCount
        self.startedCount = startedCount
        self.finishedCount = finishedCount
        self.failedCount = failedCount
        self.activeNames = activeNames
        self.expectedBytes = expectedBytes
        self.completedBytes = completedBytes
        self.readBytes = readBytes
        self.transfers = transfers
    }

    /// A Boolean value that indicates whether all images were started, so that ``expectedBytes`` is
    /// complete.
    public var isTotalKnown: Bool { startedCount >= totalCount }
}

// SPDX-License-Identifier: Apache-2.0

/// How far a run had come at one moment.
public struct ProgressSample: Hashable, Sendable {
    /// One blob on its way.
    public struct BlobTransfer: Hashable, Sendable {
        /// The image for which it is read, as people know it.
        public var name: String
        /// The blob's digest, short.
        public var digest: String
        /// How many bytes have been read.
        public var done: Int
        /// How many it has.
        public var size: Int

        /// Makes one from its parts.
        public init(name: String, digest: String, done: Int, size: Int) {
            self.name = name
            self.digest = digest
            self.done = done
            self.size = size
        }
    }

    /// How many images there are; 0 as long as that is not known.
    public var total: Int
    /// How many of them have been looked at.
    public var begun: Int
    /// How many are done, well or not.
    public var finished: Int
    /// How many of these not well.
    public var troubled: Int
    /// The names of those that are being looked at, the first one first.
    public var inHand: [String]
    /// How many bytes the blobs of the images have that were looked at, each blob once.
    public var expectedBytes: Int
    /// How many of them have arrived, or were there.
    public var arrivedBytes: Int
    /// How many bytes of blobs were read so far, whatever became of them.
    public var readBytes: Int
    /// What is being read, the first one first.
    public var transfers: [BlobTransfer]

    /// Makes a sample from its parts.
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

    /// Whether every image has been looked at, so that what is still to be read is known.
    public var isSurveyed: Bool { begun >= total }
}

// SPDX-License-Identifier: Apache-2.0

public import OCI
public import YAML

/// What became of a file.
public struct PinnedFile: Hashable, Sendable {
    /// The path as it was given.
    public let path: String
    /// The images in it, in the order of the file.
    public var sites: [PinnedSite] = []
    /// The bytes to write; nil where nothing changes.
    public var newBytes: [UInt8]?
    /// Why the file was not looked into although nothing is wrong with it.
    public var skipped: String?
    /// Where that became clear; nil where the whole file is meant.
    public var skippedAt: YAMLMark?
    /// Why nothing can be done with the file, and where.
    public var refusal: YAMLError?

    /// Makes the record of a file.
    public init(path: String) {
        self.path = path
    }

    /// Creates the record of a file with which nothing can be done.
    public init(path: String, refusal: YAMLError) {
        self.path = path
        self.refusal = refusal
    }

    /// Creates the record of a file that is left alone as a whole.
    public init(path: String, skipped: String) {
        self.path = path
        self.skipped = skipped
        skippedAt = YAMLMark(line: 1, column: 1)
    }

    /// Takes back what was to be changed, because the file cannot be written.
    public mutating func failToWrite(_ reason: YAMLError) {
        refusal = reason
        newBytes = nil
        for index in sites.indices where sites[index].verdict == .changed {
            sites[index].verdict = .unpinnable
            sites[index].reason = "nothing is written to the file"
            sites[index].new = nil
        }
    }
}

/// What became of one place that names an image.
public struct PinnedSite: Hashable, Sendable {
    /// How it ended.
    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        /// It said what the lock says.
        case pinned
        /// It says so now.
        case changed
        /// The lock has the image with another tag, so that the file stays as it is.
        case versionDiffers = "version-differs"
        /// The lock has no such image.
        case unknown
        /// It cannot hold the digest, or must not.
        case unpinnable
        /// There is nothing to do here.
        case skipped
    }

    /// Where it begins in the file.
    public let mark: YAMLMark
    /// Where it is in the document.
    public let path: SitePath
    /// How the image is written there.
    public let shape: ImageShape
    /// How it ended.
    public var verdict: Verdict
    /// Why, where it is neither pinned nor changed.
    public var reason: String?
    /// The id of the image in the lock.
    public var id: String?
    /// What the file said; nil where that cannot be known.
    public var old: Reference?
    /// The image that the changed file names, as read back from it; `nil` if nothing was written.
    public var new: Reference?
    /// Where else the same value is used, by alias.
    public var usedAt: [YAMLMark]
    /// What a person should look at.
    public var warnings: [String] = []
}

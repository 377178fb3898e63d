// SPDX-License-Identifier: Apache-2.0

public import OCI
public import YAML

/// The result of pinning the images of a file.
public struct PinnedFile: Hashable, Sendable {
    /// The path of the file, as given.
    public let path: String
    /// The images in the file, in its order.
    public var sites: [PinnedSite] = []
    /// The values of keys such as `image` that are not images, in the order of the file.
    public var otherValues: [OtherValue] = []
    /// A Boolean value that indicates whether images have no pin because others use their tags, or because
    /// other values change them, which a change of the others, also in other files, can end.
    public internal(set) var dependsOnOtherImages = false
    /// The bytes to write; `nil` if nothing changes.
    public var newBytes: [UInt8]?
    /// The reason for which the file was skipped without an error.
    public var skipped: String?
    /// The position that shows the reason; `nil` if it is the whole file.
    public var skippedAt: YAMLMark?
    /// The error for which the file was rejected, and its position.
    public var error: YAMLError?

    /// Creates the result for a file.
    public init(path: String) {
        self.path = path
    }

    /// Creates the result for a file that was rejected.
    public init(path: String, error: YAMLError) {
        self.path = path
        self.error = error
    }

    /// A Boolean value that indicates whether the file is a template, whose images have no paths.
    public private(set) var isTemplate = false

    /// Creates the result for a file that was skipped.
    public init(path: String, skipped: String) {
        self.path = path
        self.skipped = skipped
        skippedAt = YAMLMark(line: 1, column: 1)
    }

    /// A Boolean value that indicates whether the file has nothing to report.
    public var isEmpty: Bool { sites.isEmpty && otherValues.isEmpty && error == nil }

    /// Adds the images that a template of a chart names, instead of the result that it was skipped.
    mutating func add(_ mentions: TemplateMentions) {
        guard !mentions.all.isEmpty else { return }
        (skipped, skippedAt) = (nil, nil)
        isTemplate = true
        sites = mentions.all.map { mention in
            PinnedSite(
                mark: mention.mark, path: SitePath(), shape: .mention, status: .unpinnable,
                reason: TemplateMentions.reason, old: mention.image, usedAt: [])
        }
    }

    /// Adds the result of pinning the new bytes again.
    ///
    /// - Returns: A Boolean value that indicates whether the result has the same images.
    mutating func merge(_ next: PinnedFile) -> Bool {
        guard next.sites.count == sites.count else { return false }
        newBytes = next.newBytes
        dependsOnOtherImages = next.dependsOnOtherImages
        for (index, site) in next.sites.enumerated() where site.status == .changed {
            let old = sites[index]
            sites[index] = PinnedSite(
                mark: old.mark, path: old.path, shape: site.shape, status: .changed, id: site.id,
                basis: site.basis, old: old.old, new: site.new, usedAt: old.usedAt,
                warnings: old.warnings + site.warnings)
        }
        return true
    }

    /// Discards the changes because the file cannot be written.
    public mutating func failToWrite(_ reason: YAMLError) {
        error = reason
        newBytes = nil
        for index in sites.indices where sites[index].status == .changed {
            sites[index].status = .unpinnable
            sites[index].reason = "the file was not changed"
            sites[index].new = nil
        }
    }
}

/// A value of a key that is named after images, but that is not an image.
public struct OtherValue: Hashable, Sendable {
    /// The position in the file.
    public let mark: YAMLMark
    /// The path in the document.
    public let path: SitePath
    /// The reason for which it is not an image.
    public let reason: String
}

/// The result for one image reference in a file.
public struct PinnedSite: Hashable, Sendable {
    /// The outcome for an image reference.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        /// The reference already has the digest of the lock file.
        case pinned
        /// The digest was written.
        case changed
        /// The lock file has the image with another tag, so the reference is unchanged.
        case versionDiffers = "version-differs"
        /// The lock file does not have the image.
        case unknown
        /// The digest cannot or must not be written here.
        case unpinnable
        /// The reference does not need a digest.
        case skipped
    }

    /// The start of the reference in the file.
    public let mark: YAMLMark
    /// The path of the reference in the document.
    public let path: SitePath
    /// The shape in which the image is written.
    public let shape: ImageShape
    /// The result for this reference.
    public var status: Status
    /// The reason, if the reference is neither pinned nor changed.
    public var reason: String?
    /// The id of the image in the lock file.
    public var id: String?
    /// The data by which the lock entry was looked up; `nil` if none was found.
    public var basis: String?
    /// The image that the file named before; `nil` if it is unknown.
    public var old: Reference?
    /// The image that the changed file names, as read back from it; `nil` if nothing was written.
    public var new: Reference?
    /// The other positions at which aliases use the same value.
    public var usedAt: [YAMLMark]
    /// Problems that need attention.
    public var warnings: [String] = []
}

// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
public import OCI
internal import Validation

extension LockedImage {
    /// Creates the lock entry of a validated image at a target; `nil` for a layout, which has no
    /// lock file.
    ///
    /// An index of Windows images lists a platform once for each OS version. A lock file
    /// distinguishes platforms without versions, as Kubernetes does, and lists the first.
    init?(
        _ image: PlannedImage, _ descriptor: Descriptor, validatedBy report: ValidationReport,
        at location: StoreLocation
    ) {
        guard case .repository(let repository) = location else { return nil }
        let pins = report.platforms.map { entry in
            (
                entry.platform.withoutOSVersion,
                PlatformPin(digest: entry.descriptor.digest, size: entry.descriptor.size)
            )
        }
        self.init(
            source: image.sourceText, upstream: image.upstreamText(descriptor.digest),
            repository: repository, tag: image.versionTag, digest: descriptor.digest,
            mediaType: descriptor.mediaType, size: descriptor.size, validation: report.level,
            notChecked: Array(Set(report.notChecked.map(\.withoutOSVersion))),
            requires: image.entry.requires.sorted(),
            platforms: Dictionary(pins) { first, _ in first })
    }
}

extension Platform {
    fileprivate var withoutOSVersion: Platform {
        Platform(os: os, architecture: architecture, variant: variant)
    }
}

extension LockedImage {
    /// The tag of the image at the target: the version tag, or the floating tag of the source.
    public var targetTag: Tag? {
        if let tag { return tag }
        if let layout = try? LayoutReference(parsing: source) { return layout.tag }
        return (try? Reference(parsing: source))?.tag
    }

    /// Returns a Boolean value that indicates whether the image of the entry is in a repository.
    func isAt(_ location: StoreLocation?) -> Bool { .repository(repository) == location }
}

extension MirrorConfiguration {
    /// Returns the configuration entry that selects the image of a lock entry; `nil` if none does.
    ///
    /// Several entries can mirror the same source under different names, and tags of a pattern can
    /// go to the repository of an entry that lists its tags. The entry that lists the tag wins, as
    /// in a plan.
    func entry(of lockEntry: LockedImage) -> ImageEntry? {
        let entries = images.filter { entry in
            targets.contains { lockEntry.isAt(try? entry.location(in: $0)) }
        }
        return entries.first { $0.names(lockEntry) } ?? entries.first { $0.mayPick(lockEntry) }
    }
}

extension ImageEntry {
    /// Returns a Boolean value that indicates whether the entry lists the source of a lock entry.
    fileprivate func names(_ lockEntry: LockedImage) -> Bool {
        switch selection {
        case .one(let tag, let digest):
            lockEntry.source == PlannedImage.text(of: self, tag: tag, digest: digest)
        case .list(let tags):
            tags.contains {
                lockEntry.source == PlannedImage.text(of: self, tag: $0, digest: nil)
            }
        case .pattern: false
        }
    }

    /// Returns a Boolean value that indicates whether a pattern can have selected the tag of a lock
    /// entry.
    fileprivate func mayPick(_ lockEntry: LockedImage) -> Bool {
        guard case .pattern = selection else { return false }
        return lockEntry.source.hasPrefix("\(sourceText):")
    }
}

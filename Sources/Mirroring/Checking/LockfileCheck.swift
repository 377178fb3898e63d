// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// Checks images against a lock file.
struct LockfileCheck {
    let lock: Lockfile

    /// Returns the lock entry of an image that is named at its source or at a target.
    ///
    /// A given tag must match; a digest without a tag matches any entry that pins it.
    func entry(
        of location: StoreLocation, tag: Tag?, digest: Digest?
    ) -> (id: String, lockEntry: LockedImage)? {
        lock.images.sorted { $0.key < $1.key }.first { _, lockEntry in
            let tags: [Tag?] = [
                .repository(lockEntry.repository) == location ? lockEntry.targetTag : nil,
                lockEntry.sourceReference.flatMap {
                    .repository($0.repository) == location ? $0.tag : nil
                },
            ]
            if let tag { return tags.contains(tag) }
            let repositories = [lockEntry.repository, lockEntry.sourceReference?.repository]
            return digest == lockEntry.digest
                && repositories.contains { repository in
                    repository.map { .repository($0) == location } ?? false
                }
        }.map { (id: $0.key, lockEntry: $0.value) }
    }

    /// Returns the reason why a lock entry does not cover the requirements; `nil` if it does.
    static func failure(
        of lockEntry: LockedImage, for descriptor: Descriptor, named name: ManifestName,
        _ required: ImageRequirements
    ) -> ImageFailure? {
        guard lockEntry.digest == descriptor.digest else {
            return ImageFailure(
                .invalid,
                "\(name) now points to \(descriptor.digest.short), "
                    + "but the lock file lists \(lockEntry.digest.short)",
                hint: "use \(lockEntry.pinned), or run 'ocimirror sync' and review the changes")
        }
        return lockEntry.gaps(for: required).first.map {
            ImageFailure(
                .invalid, $0.description,
                hint: "require it in mirror.yaml and run 'ocimirror sync'")
        }
    }
}

extension LockedImage {
    /// The reference of the source; `nil` for a layout.
    fileprivate var sourceReference: Reference? { try? Reference(parsing: source) }
}

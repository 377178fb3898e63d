// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

/// What a lock says of an image that somebody is about to use.
struct LockfileCheck {
    let lock: Lockfile

    /// Finds the block of an image that is named at its source or at the mirror.
    ///
    /// A tag decides where one is given; a digest alone may be any that the lock pins.
    func block(
        of location: StoreLocation, tag: Tag?, digest: Digest?
    ) -> (id: String, block: LockedImage)? {
        lock.images.sorted { $0.key < $1.key }.first { _, block in
            let tags: [Tag?] = [
                .repository(block.repository) == location ? block.targetTag : nil,
                block.sourceReference.flatMap {
                    .repository($0.repository) == location ? $0.tag : nil
                },
            ]
            if let tag { return tags.contains(tag) }
            let places = [block.repository, block.sourceReference?.repository]
            return digest == block.digest
                && places.contains { place in place.map { .repository($0) == location } ?? false }
        }.map { (id: $0.key, block: $0.value) }
    }

    /// Why a block is no answer to what is required of a digest; nil where it is one.
    static func objection(
        to block: LockedImage, for descriptor: Descriptor, named name: ManifestName,
        _ required: ImageRequirements
    ) -> ImageFailure? {
        guard block.digest == descriptor.digest else {
            return ImageFailure(
                .invalid,
                "\(name) is \(descriptor.digest.short) now, and the lock has \(block.digest.short)",
                hint: "use \(block.pinned), or run 'ocimirror sync' and look at what it says")
        }
        return block.shortfalls(of: required).first.map {
            ImageFailure(
                .invalid, $0.description,
                hint: "ask for it in mirror.yaml, and run 'ocimirror sync'")
        }
    }
}

extension LockedImage {
    /// The source as a reference; nil for a layout.
    fileprivate var sourceReference: Reference? { try? Reference(parsing: source) }
}

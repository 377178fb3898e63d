// SPDX-License-Identifier: Apache-2.0

public import OCI

/// An image whose tag is known, with what it is called at the targets and in the lock.
public struct NamedImage: Hashable, Sendable {
    /// Where it lies below each prefix.
    public let target: TargetName
    /// Its id in the lock.
    public let lockID: String
    /// Where its entry stands in the configuration.
    public let place: ConfigurationLocation

    /// Makes a named image.
    public init(target: TargetName, lockID: String, place: ConfigurationLocation) {
        self.target = target
        self.lockID = lockID
        self.place = place
    }
}

/// Two images that would overwrite each other.
public struct NamingCollision: Hashable, Sendable {
    /// What they share.
    public enum Subject: Hashable, Sendable {
        /// The tag at every target.
        case target(TargetName)
        /// The id in the lock.
        case lockID(String)
    }

    /// What they share.
    public let subject: Subject
    /// The image that had it first.
    public let first: NamedImage
    /// The image that would take it over.
    public let second: NamedImage
}

extension NamingCollision: CustomStringConvertible {
    /// One line that names both places.
    public var description: String {
        let lines =
            first.place == second.place
            ? "both on line \(first.place.line)"
            : "lines \(first.place.line) and \(second.place.line)"
        return switch subject {
        case .target(let target): "two images are mapped to \(target): \(lines)"
        case .lockID(let id): "two images have the lock id '\(id)': \(lines)"
        }
    }

    /// What to do about it.
    public var hint: String {
        switch subject {
        case .target: "give one of them another name"
        case .lockID: "give one of them an id of its own"
        }
    }
}

extension Naming {
    /// Returns the images that a configuration names without asking a registry.
    ///
    /// What a pattern picks is not among them, the planner adds it from a listing; but where such an
    /// entry has an `id`, that is known, and stands here without a tag.
    public func knownImages(of images: [ImageEntry]) -> [NamedImage] {
        images.flatMap { entry -> [NamedImage] in
            switch entry.selection {
            case .one(let tag, let digest): [named(entry, tag: tag, digest: digest)]
            case .list(let tags): tags.map { named(entry, tag: $0) }
            case .pattern: entry.id == nil ? [] : [named(entry, tag: nil)]
            }
        }
    }

    /// Returns what one of an entry's images is called.
    public func named(_ entry: ImageEntry, tag: Tag?, digest: Digest? = nil) -> NamedImage {
        NamedImage(
            target: TargetName(repositoryPath: entry.name, tag: tag),
            lockID: lockID(of: entry, tag: tag, digest: digest), place: entry.place)
    }

    /// Returns each image that maps to a target tag or lock id that an earlier one already has.
    ///
    /// Two images that share both are told about once, for the tag.
    public static func collisions(among images: [NamedImage]) -> [NamingCollision] {
        var byTarget: [TargetName: NamedImage] = [:]
        var byLockID: [String: NamedImage] = [:]
        var collisions: [NamingCollision] = []
        for image in images {
            if image.target.tag != nil, let first = byTarget[image.target] {
                collisions.append(
                    NamingCollision(subject: .target(image.target), first: first, second: image))
                continue
            }
            byTarget[image.target] = image
            if let first = byLockID[image.lockID] {
                collisions.append(
                    NamingCollision(subject: .lockID(image.lockID), first: first, second: image))
            } else {
                byLockID[image.lockID] = image
            }
        }
        return collisions
    }
}

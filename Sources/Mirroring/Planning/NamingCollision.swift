// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A configured image with its name at the targets and its lock id.
public struct NamedImage: Hashable, Sendable {
    /// The repository path and tag below each target prefix.
    public let target: TargetName
    /// The key of the image's entry in the lock file.
    public let lockID: String
    /// The position of its entry in the configuration.
    public let location: ConfigurationLocation

    /// Creates a named image.
    public init(target: TargetName, lockID: String, location: ConfigurationLocation) {
        self.target = target
        self.lockID = lockID
        self.location = location
    }
}

/// Two images that would overwrite each other.
public struct NamingCollision: Hashable, Sendable {
    /// A name that two images share.
    public enum Subject: Hashable, Sendable {
        /// The repository path and tag at every target.
        case target(TargetName)
        /// The key in the lock file.
        case lockID(String)
    }

    /// The name that both images share.
    public let subject: Subject
    /// The first image.
    public let first: NamedImage
    /// The image that would replace it.
    public let second: NamedImage
}

extension NamingCollision: CustomStringConvertible {
    /// A one-line description with the line numbers of both entries.
    public var description: String {
        let lines =
            first.location == second.location
            ? "both on line \(first.location.line)"
            : "lines \(first.location.line) and \(second.location.line)"
        return switch subject {
        case .target(let target): "duplicate target \(target): \(lines)"
        case .lockID(let id): "duplicate lock id '\(id)': \(lines)"
        }
    }

    /// A suggestion for resolving the collision.
    public var hint: String {
        switch subject {
        case .target: "set a different 'name' for one of them"
        case .lockID: "set a different 'id' for one of them"
        }
    }
}

extension Naming {
    /// Returns the images whose tags are known from the configuration alone.
    ///
    /// Patterns are expanded later, from the registry's tag list. A pattern entry with an `id` is
    /// included without a tag.
    public func knownImages(in images: [ImageEntry]) -> [NamedImage] {
        images.flatMap { entry -> [NamedImage] in
            switch entry.selection {
            case .one(let tag, let digest): [namedImage(for: entry, tag: tag, digest: digest)]
            case .list(let tags): tags.map { namedImage(for: entry, tag: $0) }
            case .pattern: entry.id == nil ? [] : [namedImage(for: entry, tag: nil)]
            }
        }
    }

    /// Returns the image that an entry and a tag identify.
    public func namedImage(
        for entry: ImageEntry, tag: Tag?, digest: Digest? = nil
    ) -> NamedImage {
        NamedImage(
            target: TargetName(repositoryPath: entry.name, tag: tag),
            lockID: lockID(of: entry, tag: tag, digest: digest), location: entry.location)
    }

    /// Returns a collision for each image that reuses the target tag or lock id of an earlier one.
    ///
    /// Two images that share both are reported once, for the target tag.
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

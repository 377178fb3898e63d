// SPDX-License-Identifier: Apache-2.0

public import OCI

/// An image with a known tag, its name at the targets and its lock id.
public struct NamedImage: Hashable, Sendable {
    /// The location below each prefix.
    public let target: TargetName
    /// The lock id.
    public let lockID: String
    /// The location of its entry in the configuration.
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
    /// The name that both images share.
    public enum Subject: Hashable, Sendable {
        /// The tag at every target.
        case target(TargetName)
        /// The lock id.
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
    /// One line with both locations.
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

    /// The hint.
    public var hint: String {
        switch subject {
        case .target: "set a different 'name' for one of them"
        case .lockID: "set a different 'id' for one of them"
        }
    }
}

extension Naming {
    /// Returns the images that a configuration names without requests to a registry.
    ///
    /// Images that a pattern selects are missing; the planner adds them from a listing. If such an
    /// entry has an `id`, it is included without a tag.
    public func knownImages(of images: [ImageEntry]) -> [NamedImage] {
        images.flatMap { entry -> [NamedImage] in
            switch entry.selection {
            case .one(let tag, let digest): [named(entry, tag: tag, digest: digest)]
            case .list(let tags): tags.map { named(entry, tag: $0) }
            case .pattern: entry.id == nil ? [] : [named(entry, tag: nil)]
            }
        }
    }

    /// Returns the name of one of an entry's images.
    public func named(_ entry: ImageEntry, tag: Tag?, digest: Digest? = nil) -> NamedImage {
        NamedImage(
            target: TargetName(repositoryPath: entry.name, tag: tag),
            lockID: lockID(of: entry, tag: tag, digest: digest), location: entry.location)
    }

    /// Returns each image with the target tag or lock id of an earlier one.
    ///
    /// Two images that share both are reported once, for the tag.
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

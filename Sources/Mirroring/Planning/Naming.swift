// SPDX-License-Identifier: Apache-2.0

public import OCI

/// How an image that has no `name` of its own is called below a prefix.
public enum NamingStyle: String, Sendable, CaseIterable {
    /// Components joined by `-`, and once where two are the same: `grafana/grafana` is `grafana`.
    case short
    /// The path as it is upstream.
    case path
}

/// Where an image lies below every target's prefix.
public struct TargetName: Hashable, Sendable {
    /// The repository's path below the prefix.
    public let repositoryPath: String
    /// The tag; nil for an image that is copied by its digest alone.
    public let tag: Tag?

    /// Makes a name.
    public init(repositoryPath: String, tag: Tag?) {
        self.repositoryPath = repositoryPath
        self.tag = tag
    }
}

extension TargetName: CustomStringConvertible {
    /// `path:tag`, or the path alone.
    public var description: String { repositoryPath + (tag.map { ":\($0)" } ?? "") }
}

/// The names and lock ids of a configuration's images.
///
/// It is made of all entries, because an id depends on whether other entries share the name.
public struct Naming: Sendable {
    private let sharedNames: Set<String>

    /// Looks at which entries share a name.
    public init(images: [ImageEntry]) {
        var seen: Set<String> = []
        var shared: Set<String> = []
        for entry in images where !seen.insert(entry.name).inserted { shared.insert(entry.name) }
        sharedNames = shared
    }

    /// Returns the name that follows from a repository's path, `library/` left out.
    public static func name(of repository: Repository, style: NamingStyle) -> String {
        let path = repository.path
        let bare = path.hasPrefix("library/") ? String(path.dropFirst("library/".count)) : path
        guard style == .short else { return bare }
        let components = bare.split(separator: "/")
        if components.count == 2, components[0] == components[1] { return String(components[0]) }
        return components.joined(separator: "-")
    }

    /// Returns the id of one of an entry's images in the lock.
    ///
    /// It is the entry's `id`; else the name, where the entry is the only one of that name and gives
    /// one tag or digest itself; else name and tag (without a tag, twelve digits of the digest), every
    /// character but `a-z`, `0-9` and `-` replaced by `-`.
    public func lockID(of entry: ImageEntry, tag: Tag?, digest: Digest? = nil) -> String {
        if let id = entry.id { return id }
        if case .one = entry.selection, !sharedNames.contains(entry.name) { return entry.name }
        let suffix = tag?.name ?? digest.map { String($0.hex.prefix(12)) }
        return Self.identifier([entry.name, suffix].compactMap(\.self).joined(separator: "-"))
    }

    /// Returns what the ids of all images begin with that an entry's pattern can pick.
    func idPrefix(ofPicksFrom entry: ImageEntry) -> String {
        entry.id ?? Self.identifier("\(entry.name)-")
    }

    private static func identifier(_ text: String) -> String {
        String(
            text.lowercased().map { character in
                switch character {
                case "a"..."z", "0"..."9": character
                default: "-"
                }
            })
    }
}

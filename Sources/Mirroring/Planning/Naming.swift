// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The way names are derived for images without a `name`.
public enum NamingStyle: String, Sendable, CaseIterable {
    /// Components joined by `-`, with two equal ones merged: `grafana/grafana` becomes `grafana`.
    case short
    /// The path as at the source.
    case path
}

/// The location of an image below every target's prefix.
public struct TargetName: Hashable, Sendable {
    /// The path of the repository below the prefix.
    public let repositoryPath: String
    /// The tag, or `nil` for an image that is copied by digest only.
    public let tag: Tag?

    /// Creates a name.
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
/// It needs all entries, because an id depends on whether other entries share the name.
public struct Naming: Sendable {
    private let sharedNames: Set<String>

    /// Creates the naming of a list of entries.
    public init(images: [ImageEntry]) {
        var seen: Set<String> = []
        var shared: Set<String> = []
        for entry in images where !seen.insert(entry.name).inserted { shared.insert(entry.name) }
        sharedNames = shared
    }

    /// Returns the name derived from a repository path, without `library/`.
    public static func name(of repository: Repository, style: NamingStyle) -> String {
        let path = repository.path
        let bare = path.hasPrefix("library/") ? String(path.dropFirst("library/".count)) : path
        guard style == .short else { return bare }
        let components = bare.split(separator: "/")
        if components.count == 2, components[0] == components[1] { return String(components[0]) }
        return components.joined(separator: "-")
    }

    /// Returns the lock id of an image of an entry.
    ///
    /// The id is the entry's `id`; else the name, if no other entry has it and the entry states
    /// one tag or digest; else name and tag (without a tag, twelve digits of the digest), with
    /// every character except `a-z`, `0-9` and `-` replaced by `-`.
    public func lockID(of entry: ImageEntry, tag: Tag?, digest: Digest? = nil) -> String {
        if let id = entry.id { return id }
        if case .one = entry.selection, !sharedNames.contains(entry.name) { return entry.name }
        let suffix = tag?.name ?? digest.map { String($0.hex.prefix(12)) }
        return Self.identifier([entry.name, suffix].compactMap(\.self).joined(separator: "-"))
    }

    /// Returns the common prefix of the ids of all images that an entry's pattern can select.
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

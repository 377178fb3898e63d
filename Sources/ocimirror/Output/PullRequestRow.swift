// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
internal import Mirroring
internal import OCI
internal import TextSafety

/// A change of one image in a pull request, combined over all files.
///
/// The references come from the files before and after the change. Lock files only provide the
/// platforms of a digest.
struct PullRequestRow {
    /// A column of the table.
    ///
    /// A column without values is omitted, unless `isAlwaysShown` is `true`.
    enum Column: String, CaseIterable {
        case image
        case from
        case to
        case change
        case size
        case revision
        case created

        /// A Boolean value that indicates whether the column is shown without values.
        var isAlwaysShown: Bool {
            switch self {
            case .image, .from, .to, .change: true
            case .size, .revision, .created: false
            }
        }
    }

    /// The references to one image before and after the change.
    struct Change: Hashable {
        let id: String
        let old: Reference?
        let new: Reference
    }

    let change: Change
    /// The lock entries with these digests.
    let entries: (old: LockedImage?, new: LockedImage?)
    /// The facts about the new image from the run report.
    let facts: ImageFacts?
    /// The facts about the old image from a previous run report.
    var oldFacts: ImageFacts?

    var id: String { change.id }

    /// The change from one stated version to another; `nil` if there is none.
    var version: VersionChange? { VersionChange(from: change.old?.tag, to: change.new.tag) }

    /// A Boolean value that indicates whether a version tag now points to another digest.
    var isVersionMoved: Bool {
        guard let tag = change.new.tag, !tag.isFloating, tag == change.old?.tag,
            let old = change.old?.digest
        else { return false }
        return old != change.new.digest
    }

    /// A Boolean value that indicates whether the change removes a version tag from the files.
    var removesVersion: Bool {
        change.new.tag == nil && change.old?.tag.map { !$0.isFloating } ?? false
    }

    /// Returns a cell in Markdown, or `nil` if the value is unknown.
    func cell(_ column: Column) -> String? {
        switch column {
        case .image: code(id)
        case .from: change.old.map(name) ?? "–"
        case .to: name(change.new)
        case .change: changeText
        case .size: facts?.downloadSize.map { ByteCount(bytes: $0).description }
        case .revision: revision
        case .created: facts?.labels[.created].map { code($0) }
        }
    }

    private var revision: String? {
        guard let facts else { return nil }
        let link = SourceLink(facts)
        let revision = facts.labels[.revision].map { Self.link(code($0), to: link?.commit) }
        let source = facts.labels[.source].map { Self.link(code($0), to: link?.address) }
        let words = [revision, source].compactMap(\.self)
        guard !words.isEmpty else { return nil }
        let changes = link?.changes(since: oldFacts.flatMap(SourceLink.init))
        let version = facts.labels[.version].map { ", version \(code($0))" } ?? ""
        return words.joined(separator: " of ") + version
            + (changes.map { ", \(Self.link("changes", to: $0))" } ?? "")
    }

    /// Returns a link in Markdown; only the text if there is no address.
    private static func link(_ text: String, to address: String?) -> String {
        address.map { "[\(text)](\($0))" } ?? text
    }

    private var changeText: String {
        var words: [String] = []
        if let version {
            let direction = version.direction.rawValue
            words.append(version.direction == .newer ? direction : "**\(direction)**")
        } else if removesVersion {
            words.append("**version removed**")
        } else if isVersionMoved {
            words.append("**tag moved**")
        } else if change.old?.digest != nil, change.old?.tag == nil {
            words.append("no version")
        }
        if let old = change.old, old.repository != change.new.repository {
            words.append("repository")
        }
        switch change.old?.digest {
        case nil: words.append("pinned")
        case change.new.digest?: if words.isEmpty { words.append("same image") }
        case _?: words.append(content)
        }
        return words.joined(separator: ", ")
    }

    /// The platforms whose manifests differ.
    private var content: String {
        guard let old = entries.old, let new = entries.new else { return "digest" }
        let platforms = new.platforms.filter {
            old.platforms[$0.key]?.digest != $0.value.digest
        }
        .keys.sorted().map(\.description)
        let removed = old.platforms.keys.filter { new.platforms[$0] == nil }.sorted()
        let words = platforms.isEmpty ? "index only" : platforms.joined(separator: ", ")
        guard !removed.isEmpty else { return words }
        return "\(words); removed: \(removed.map(\.description).joined(separator: ", "))"
    }

    /// Returns the tag and the digest, with the repository if it changes too.
    private func name(_ image: Reference) -> String {
        let repository =
            change.old.map { $0.repository != change.new.repository } ?? false
            ? "\(code(image.repository.description)) " : ""
        return "\(repository)\(image.tag.map { code($0.name) } ?? "–") "
            + (image.digest.map { code($0.short) } ?? "–")
    }
}

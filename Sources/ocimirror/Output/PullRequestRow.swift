// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
internal import Mirroring
internal import OCI
internal import TextSafety

/// A change of one image in a pull request, the same wherever the files have it.
///
/// The images are those that the files name before and after; locks only tell the platforms of a digest.
struct PullRequestRow {
    /// What is said of each image; what nobody knows of any is left out.
    enum Column: String, CaseIterable {
        case image
        case from
        case to
        case movement = "what moved"
        case size
        case revision
        case created

        /// Whether the column is there without a run's report.
        var isAlways: Bool {
            switch self {
            case .image, .from, .to, .movement: true
            case .size, .revision, .created: false
            }
        }
    }

    /// What the files say of one image, before and after.
    struct Change: Hashable {
        let id: String
        let old: Reference?
        let new: Reference
    }

    let change: Change
    /// The lock entries that have the digests.
    let entries: (old: LockedImage?, new: LockedImage?)
    /// What the run found out about it.
    let facts: ImageFacts?

    var id: String { change.id }

    /// The change from one stated version to another; `nil` if there is none.
    var version: VersionChange? { VersionChange(from: change.old?.tag, to: change.new.tag) }

    /// A Boolean value that indicates whether a version's tag points to other content than before.
    var isVersionMoved: Bool {
        guard let tag = change.new.tag, !tag.isChannel, tag == change.old?.tag,
            let old = change.old?.digest
        else { return false }
        return old != change.new.digest
    }

    /// A Boolean value that indicates whether the files stated a version that they no longer state.
    var losesVersion: Bool {
        change.new.tag == nil && change.old?.tag.map { !$0.isChannel } ?? false
    }

    /// A cell, in Markdown; nil where nobody knows.
    func cell(_ column: Column) -> String? {
        switch column {
        case .image: code(id)
        case .from: change.old.map(name) ?? "–"
        case .to: name(change.new)
        case .movement: movement
        case .size: facts?.downloadSize.map { ByteCount(bytes: $0).description }
        case .revision: revision
        case .created: facts?.labels[.created].map { code($0) }
        }
    }

    private var revision: String? {
        let words = [facts?.labels[.revision], facts?.labels[.source]].compactMap(\.self).map {
            code($0)
        }
        return words.isEmpty ? nil : words.joined(separator: " of ")
    }

    private var movement: String {
        var words: [String] = []
        if let version {
            let direction = version.direction.rawValue
            words.append(version.direction == .newer ? direction : "**\(direction)**")
        } else if losesVersion {
            words.append("**the version is no longer stated**")
        } else if isVersionMoved {
            words.append("**the same tag**")
        } else if change.old?.digest != nil, change.old?.tag == nil {
            words.append("no version is stated")
        }
        if let old = change.old, old.repository != change.new.repository {
            words.append("repository")
        }
        switch change.old?.digest {
        case nil: words.append("pinned")
        case change.new.digest?: if words.isEmpty { words.append("the same image") }
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
        let lost = old.platforms.keys.filter { new.platforms[$0] == nil }.sorted()
        let words = platforms.isEmpty ? "the index alone" : platforms.joined(separator: ", ")
        guard !lost.isEmpty else { return words }
        return "\(words); lost: \(lost.map(\.description).joined(separator: ", "))"
    }

    /// The tag and the digest, with the repository if it changes too.
    private func name(_ image: Reference) -> String {
        let repository =
            change.old.map { $0.repository != change.new.repository } ?? false
            ? "\(code(image.repository.description)) " : ""
        return "\(repository)\(image.tag.map { code($0.name) } ?? "–") "
            + (image.digest.map { code($0.short) } ?? "–")
    }
}

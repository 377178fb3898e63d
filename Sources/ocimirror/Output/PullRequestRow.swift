// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
internal import Mirroring
internal import OCI
internal import TextSafety

/// An image in a pull request, and what became of it.
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

    let id: String
    let old: LockedImage?
    let new: LockedImage
    /// What a file said, where the old lock is not known.
    let before: Reference?
    /// What the run found out about it.
    var facts: ImageFacts?

    private var oldDigest: Digest? { old?.digest ?? before?.digest }
    private var oldTag: Tag? { old?.tag ?? before?.tag }

    /// Whether a tag that names a version stands for other bytes than before.
    var isVersionMoved: Bool {
        guard let tag = new.tag, let oldDigest else { return false }
        return tag == oldTag && oldDigest != new.digest
    }

    /// A cell, in Markdown; nil where nobody knows.
    func cell(_ column: Column) -> String? {
        switch column {
        case .image: code(id)
        case .from: "\(name(oldTag)) \(name(oldDigest?.short))"
        case .to: "\(name(new.tag)) \(name(new.digest.short))"
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
        guard oldDigest != new.digest else { return "nothing" }
        guard let old else { return "pinned" }
        let platforms = new.platforms.filter {
            old.platforms[$0.key]?.digest != $0.value.digest
        }
        .keys.sorted().map(\.description)
        let lost = old.platforms.keys.filter { new.platforms[$0] == nil }.sorted()
        var words = platforms.isEmpty ? "the index alone" : platforms.joined(separator: ", ")
        if !lost.isEmpty {
            words += "; lost: \(lost.map(\.description).joined(separator: ", "))"
        }
        return isVersionMoved ? "**the same tag**, \(words)" : words
    }

    private func name(_ word: (some CustomStringConvertible)?) -> String {
        word.map { code($0.description) } ?? "–"
    }
}

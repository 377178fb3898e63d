// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import OCI
internal import Pinning
internal import YAML

/// What a pull request says about changed pins, in Markdown.
///
/// Every word from outside stands in a code span, where it can neither mention anybody, close an
/// issue, nor be HTML.
struct PullRequestBody {
    let text: String

    /// Code hosts refuse longer bodies.
    private static let limit = 60 << 10

    init(from old: Lockfile?, to new: Lockfile, files: [PinnedFile]) {
        let sites = files.flatMap { file in
            file.sites.filter { $0.verdict == .changed }.map { (path: file.path, site: $0) }
        }
        let ids = Set(sites.compactMap(\.site.id)).sorted()
        let rows = ids.compactMap { id -> Row? in
            new.images[id].map { image in
                Row(
                    id: id, old: old?.images[id], new: image,
                    before: sites.first { $0.site.id == id }?.site.old)
            }
        }
        let moved = rows.filter(\.isVersionMoved).map { code($0.id) }
        var lines = [
            moved.isEmpty
                ? "# Pin \(counted(rows.count, "image"))"
                : "# Warning: a version's tag has moved: \(moved.joined(separator: ", "))",
            "", "| image | from | to | what moved |", "|---|---|---|---|",
        ]
        lines += rows.map(\.line)
        lines += Self.section("Files", Set(sites.map(\.path)).sorted().map(code))
        lines += Self.section(
            "Not pinned",
            files.flatMap { file in
                file.sites.filter { $0.verdict == .unpinnable }.map {
                    "\(code("\(file.path):\($0.mark)")): \(code($0.reason ?? ""))"
                }
            })
        text = Self.cut(lines)
    }

    /// An image and what became of it.
    private struct Row {
        let id: String
        let old: LockedImage?
        let new: LockedImage
        /// What a file said, where the old lock is not known.
        let before: Reference?

        private var oldDigest: Digest? { old?.digest ?? before?.digest }
        private var oldTag: Tag? { old?.tag ?? before?.tag }

        /// Whether a tag that names a version stands for other bytes than before.
        var isVersionMoved: Bool {
            guard let tag = new.tag, let oldDigest else { return false }
            return tag == oldTag && oldDigest != new.digest
        }

        var line: String {
            let cells = [
                code(id), "\(name(oldTag)) \(name(oldDigest?.short))",
                "\(name(new.tag)) \(name(new.digest.short))", movement,
            ]
            return "| \(cells.joined(separator: " | ")) |"
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

    private static func section(_ title: String, _ items: [String]) -> [String] {
        items.isEmpty ? [] : ["", "## \(title)", ""] + items.map { "- \($0)" }
    }

    private static func cut(_ lines: [String]) -> String {
        var text = ""
        for (number, line) in lines.enumerated() {
            guard text.utf8.count + line.utf8.count < limit else {
                return text + "\n… and \(counted(lines.count - number, "line")) more\n"
            }
            text += "\(line)\n"
        }
        return text
    }
}

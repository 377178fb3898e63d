// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
internal import OCI
internal import Pinning
internal import TextSafety
internal import YAML

/// What a pull request says about changed pins, in Markdown.
///
/// Every word from outside stands in a code span, where it can neither mention anybody, close an
/// issue, nor be HTML.
struct PullRequestBody {
    let text: String

    /// Code hosts refuse longer bodies.
    private static let limit = 60 << 10

    init(from old: Lockfile?, to new: Lockfile, files: [PinnedFile], run: RunReportReader? = nil) {
        let sites = files.flatMap { file in
            file.sites.filter { $0.verdict == .changed }.map { (path: file.path, site: $0) }
        }
        let ids = Set(sites.compactMap(\.site.id)).sorted()
        let rows = ids.compactMap { id -> PullRequestRow? in
            new.images[id].map { image in
                PullRequestRow(
                    id: id, old: old?.images[id], new: image,
                    before: sites.first { $0.site.id == id }?.site.old,
                    facts: run?.image(id, digest: image.digest)?.facts)
            }
        }
        let moved = rows.filter(\.isVersionMoved).map { code($0.id) }
        let columns = PullRequestRow.Column.allCases.filter { column in
            column.isAlways || rows.contains { $0.cell(column) != nil }
        }
        var lines = [
            moved.isEmpty
                ? "# Pin \(counted(rows.count, "image"))"
                : "# Warning: a version's tag has moved: \(moved.joined(separator: ", "))"
        ]
        if !rows.isEmpty {
            lines += [
                "", Self.line(columns.map(\.rawValue)), Self.line(columns.map { _ in "---" }),
            ]
        }
        lines += rows.map { row in Self.line(columns.map { row.cell($0) ?? "–" }) }
        lines += Self.section("Findings", run.map(Self.findings) ?? [])
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

    /// What the run had to say, of images that did not change too.
    private static func findings(_ run: RunReportReader) -> [String] {
        run.images.sorted { $0.key < $1.key }.flatMap { id, image in
            var items = image.findings.map { finding in
                let platform = finding.platform.map { " (\(code($0)))" } ?? ""
                return "\(code(id)): \(code(finding.severity)) \(code(finding.id))\(platform): "
                    + code(finding.message)
            }
            if image.findings.isEmpty, let reason = image.reason {
                items.append("\(code(id)): \(code(image.status)): \(code(reason))")
            }
            return items
        }
    }

    private static func line(_ cells: [String]) -> String {
        "| \(cells.joined(separator: " | ")) |"
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

// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
internal import Mirroring
internal import OCI
internal import Pinning
internal import TextSafety
internal import YAML

/// The body of a pull request that changes pins, in Markdown.
///
/// Untrusted text is always in a code span, where it cannot mention users, close issues or contain
/// HTML.
struct PullRequestBody {
    let text: String

    /// The maximum size in bytes; code hosts reject longer bodies.
    private static let limit = 60 << 10

    /// The maximum size of a title in bytes, with a margin for the encoding.
    private static let titleLimit = 200

    /// Creates the description of the changes to files.
    ///
    /// - Parameters:
    ///   - old: The previous lock file, for the platforms of the replaced digests.
    ///   - new: The lock file that the files were pinned with.
    ///   - files: The files, before and after.
    ///   - run: The report of the run that copied the images.
    ///   - previousRun: The report of the run that copied the replaced images.
    init(
        from old: Lockfile?, to new: Lockfile, files: [PinnedFile], run: RunReportReader? = nil,
        previousRun: RunReportReader? = nil
    ) {
        let rows = Self.rows(files, from: old, to: new, (run, previousRun))
        let columns = PullRequestRow.Column.allCases.filter { column in
            column.isAlwaysShown || rows.contains { $0.cell(column) != nil }
        }
        var lines = ["# \(Self.title(rows))"]
        if !rows.isEmpty {
            lines += [
                "", Self.line(columns.map(\.rawValue)), Self.line(columns.map { _ in "---" }),
            ]
        }
        lines += rows.map { row in Self.line(columns.map { row.cell($0) ?? "–" }) }
        lines += Self.section("Findings", run.map(Self.findings) ?? [])
        let changed = files.filter { $0.sites.contains { $0.status == .changed } }
        lines += Self.section("Files", Set(changed.map(\.path)).sorted().map(code))
        lines += Self.section(
            "Version differs from the lock file", Self.sites(.versionDiffers, files))
        lines += Self.section("Not in the lock file", Self.sites(.unknown, files))
        lines += Self.section(
            "Not pinned", files.flatMap(Self.fileReasons) + Self.sites(.unpinnable, files))
        text = Self.truncated(lines)
    }

    /// Returns the changes in the files without duplicates.
    private static func rows(
        _ files: [PinnedFile], from old: Lockfile?, to new: Lockfile,
        _ runs: (new: RunReportReader?, old: RunReportReader?)
    ) -> [PullRequestRow] {
        var entries: [Digest: LockedImage] = [:]
        for image in old?.images.values.map(\.self) ?? [] { entries[image.digest] = image }
        for image in new.images.values { entries[image.digest] = image }
        var changes: Set<PullRequestRow.Change> = []
        for site in files.flatMap(\.sites) where site.status == .changed {
            guard let id = site.id, let new = site.new else { continue }
            changes.insert(PullRequestRow.Change(id: id, old: site.old, new: new))
        }
        return changes.map {
            (order: "\($0.id) \($0.old?.description ?? "") \($0.new)", change: $0)
        }
        .sorted { $0.order < $1.order }
        .map { _, change in
            PullRequestRow(
                change: change,
                entries: (
                    change.old?.digest.flatMap { entries[$0] },
                    change.new.digest.flatMap { entries[$0] }
                ),
                facts: change.new.digest.flatMap { runs.new?.image(change.id, digest: $0)?.facts },
                oldFacts: change.old?.digest.flatMap {
                    runs.old?.image(change.id, digest: $0)?.facts
                })
        }
    }

    /// Returns a title that lists moved tags and version changes, or counts them if there are many.
    private static func title(_ rows: [PullRequestRow]) -> String {
        let moved = rows.filter(\.isVersionMoved)
        let older = rows.filter { $0.version?.direction == .older }
        let updated = rows.filter { $0.version.map { $0.direction != .older } ?? $0.removesVersion }
        let others = rows.count - moved.count - older.count - updated.count
        func title(_ list: ([PullRequestRow], String, Bool) -> String) -> String {
            var parts: [String] = []
            if !moved.isEmpty { parts.append(list(moved, "moved version tag", false)) }
            if !older.isEmpty { parts.append(list(older, "downgrade", true)) }
            if !parts.isEmpty { parts[0] = "Warning: \(parts[0])" }
            if !updated.isEmpty { parts.append(list(updated, "update", true)) }
            if others > 0 || rows.isEmpty { parts.append("pin \(counted(others, "image"))") }
            let line = parts.joined(separator: "; ")
            return line.prefix(1).uppercased() + line.dropFirst()
        }
        let named = title { rows, noun, hasVersions in
            let names = rows.map { row in
                guard hasVersions else { return code(row.id) }
                let tags = [row.change.old?.tag, row.change.new.tag].map { tag in
                    tag.map { code($0.name) } ?? "no tag"
                }
                return "\(code(row.id)) from \(tags[0]) to \(tags[1])"
            }
            return "\(noun) of \(names.joined(separator: ", "))"
        }
        guard named.utf8.count > titleLimit else { return named }
        return title { rows, noun, _ in counted(rows.count, noun) }
    }

    /// Returns the sites with a status, each with its location and reason.
    private static func sites(_ status: PinnedSite.Status, _ files: [PinnedFile]) -> [String] {
        files.flatMap { file in
            file.sites.filter { $0.status == status }.map { site in
                let name = (site.old?.repository.description).map { " \(code($0))" } ?? ""
                return "\(code("\(file.path):\(site.mark)"))\(name): \(code(site.reason ?? ""))"
            }
        }
    }

    /// Returns the findings of the run, including those about unchanged images.
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

    /// Returns the reasons why a file was rejected or skipped.
    private static func fileReasons(_ file: PinnedFile) -> [String] {
        let skipped = file.skippedAt.flatMap { mark in
            file.skipped.map { YAMLError(at: mark, $0) }
        }
        return [file.error, skipped].compactMap(\.self).map {
            "\(code("\(file.path):\($0.mark)")): \(code($0.message))"
        }
    }

    private static func line(_ cells: [String]) -> String {
        "| \(cells.joined(separator: " | ")) |"
    }

    private static func section(_ title: String, _ items: [String]) -> [String] {
        items.isEmpty ? [] : ["", "## \(title)", ""] + items.map { "- \($0)" }
    }

    private static func truncated(_ lines: [String]) -> String {
        var text = ""
        for (number, line) in lines.enumerated() {
            guard text.utf8.count + line.utf8.count < limit else {
                return text + "\n… \(counted(lines.count - number, "more line"))\n"
            }
            text += "\(line)\n"
        }
        return text
    }
}

// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import OCI
import Pinning
import Testing
import YAML

/// A file of `Corpus`: one file before and after pinning, and the report about it.
///
/// After a description (`#`) and settings (`file:`, `options:`), sections begin with `===`: other
/// files of the repository by their paths, `input`, `report` and `lint`. In the input, lines that
/// begin with `-` are replaced by those that begin with `+`; other lines begin with two spaces.
/// `<ID>` is the digest of a lock entry, `<ID.hex>` its digits.
struct CorpusCase: Sendable, CustomTestStringConvertible {
    let name: String
    var testDescription: String { name }

    private var settings: [String: String] = [:]
    private var sections: [String: String] = [:]

    private static let lock = Result { try Fixture.lock("images.lock.yaml") }

    static let folder = Fixture.folder.replacing("/Fixtures", with: "/Corpus")

    static func all() throws -> [CorpusCase] {
        try Directory.list(folder).flatMap { topic in
            try Directory.list("\(folder)/\(topic)").map { file in
                let bytes = try BoundedFile.read("\(folder)/\(topic)/\(file)", limit: 1 << 16)
                return try CorpusCase(
                    "\(topic)/\(file)", parsing: String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    /// An error in a file of the corpus, which would otherwise test less than it states.
    struct FormatError: Error {
        let file: String
        let line: String
    }

    private static let options: Set<Substring> = [
        "update-tags", "rewrite", "no-final-line-break", "crlf", "bom",
    ]

    /// Parses a file of the corpus.
    ///
    /// - Throws: ``FormatError`` for an unknown setting, option or section, and for one without an
    ///   input.
    init(_ name: String, parsing text: String) throws {
        self.name = name
        func require(_ condition: Bool, _ line: some StringProtocol) throws {
            guard condition else { throw FormatError(file: name, line: String(line)) }
        }
        var section: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("=== ") {
                let title = String(line.dropFirst(4))
                try require(Self.isSection(title) && sections[title] == nil, line)
                section = title
                sections[title] = ""
            } else if let section {
                let isMarked = line.isEmpty || "+- ".contains(line.prefix(1))
                try require(section != "input" || isMarked, line)
                sections[section]?.append("\(line)\n")
            } else if !line.hasPrefix("#") {
                let parts = line.split(separator: ": ", maxSplits: 1)
                try require(parts.count == 2 && ["file", "options"].contains(parts[0]), line)
                settings[String(parts[0])] = String(parts[1])
            }
        }
        let stated = settings["options"]?.split(separator: ", ") ?? []
        try require(stated.allSatisfy(Self.options.contains), "options: \(stated)")
        try require(sections["input"] != nil, "=== input")
        // The last line of the file ends with a line break.
        for key in sections.keys where sections[key]?.hasSuffix("\n\n") ?? false {
            sections[key]?.removeLast()
        }
    }

    /// Returns a Boolean value that indicates whether a title is that of a section, or the relative
    /// path of a file.
    private static func isSection(_ title: String) -> Bool {
        if ["input", "report", "lint", "pins.yaml"].contains(title) { return true }
        let last = title.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        return !title.hasPrefix("/") && last.contains(".") && !last.hasSuffix(".")
    }

    var path: String { settings["file"] ?? "values.yaml" }

    func has(_ option: String) -> Bool {
        settings["options"]?.split(separator: ", ").contains { $0 == option } ?? false
    }

    /// The bytes before pinning.
    func before() throws -> [UInt8] { try text(without: "+") }

    /// The bytes after pinning.
    func after() throws -> [UInt8] { try text(without: "-") }

    private func text(without mark: Character) throws -> [UInt8] {
        let lines = try #require(sections["input"]).split(
            separator: "\n", omittingEmptySubsequences: false
        ).dropLast()
        let kept = lines.filter { $0.first != mark }.map { $0.dropFirst(2) }
        var text = try Self.expand(kept.map { "\($0)\n" }.joined())
        if has("no-final-line-break") { text.removeLast() }
        if has("crlf") { text = text.replacing("\n", with: "\r\n") }
        return (has("bom") ? [0xEF, 0xBB, 0xBF] : []) + Array(text.utf8)
    }

    /// Replaces the names of digests.
    private static func expand(_ text: String) throws -> String {
        var text = text
        guard text.contains("<") else { return text }
        for (id, image) in try lock.get().images {
            text = text.replacing("<\(id)>", with: image.digest.description)
                .replacing("<\(id).hex>", with: image.digest.hex)
        }
        return text
    }

    func rules() throws -> PinRules {
        try sections["pins.yaml"].map { try PinRules(parsing: Array($0.utf8)) } ?? PinRules()
    }

    /// The data of the other files.
    var context: FileContext {
        let sections = sections
        let own = path
        let input = try? text(without: "+")
        @Sendable func reuse(_ directory: String) -> TagReuse {
            let chart = directory == "." ? "" : "\(directory)/"
            let templates = sections.filter { $0.key.hasPrefix("\(chart)templates/") }
            let libraries = sections.filter {
                $0.key.hasPrefix("\(chart)charts/") && $0.key.contains("/templates/")
            }
            return TagReuse(
                templates: templates.values.map { Array($0.utf8) },
                libraries: libraries.values.map { Array($0.utf8) },
                values: own == "\(chart)values.yaml"
                    ? input : sections["\(chart)values.yaml"].map { Array($0.utf8) })
        }
        let paths = sections.keys.sorted() + [path]
        @Sendable func names(_ directory: String) -> [String] {
            let prefix = directory == "." ? "" : "\(directory)/"
            let below = paths.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
            return Set(below.compactMap { $0.split(separator: "/").first.map(String.init) })
                .sorted()
        }
        let files = RepositoryFiles(
            paths, read: { $0 == own ? input : sections[$0].map { Array($0.utf8) } },
            names: names, templates: reuse)
        let directory = path.split(separator: "/").dropLast().map { "\($0)/" }.joined()
        let names = (sections.keys + [path]).filter { $0.hasPrefix(directory) }
            .map { String($0.dropFirst(directory.utf8.count)) }
        return FileContext(
            reuse: reuse(directory.isEmpty ? "." : String(directory.dropLast())), files: files,
            testTool: FileContext.testTool(amongFiles: names),
            isChartTemplate: path.contains("/templates/"))
    }

    func pinned(_ bytes: [UInt8]) throws -> PinnedFile {
        let pinner = Pinner(
            try Self.lock.get(), rules: try rules(),
            rewritesReferences: has("rewrite"), updatesTags: has("update-tags"))
        return pinner.pin(bytes, path: path, context: context)
    }

    /// The expected report.
    var report: String { sections["report"] ?? "" }

    /// The expected findings before pinning.
    var findings: String { sections["lint"] ?? "" }

    /// Returns the report about a file, one line for each image.
    func report(_ file: PinnedFile) -> String {
        var lines = file.sites.map { site in
            "\(site.mark) \(site.shape.rawValue) \(site.status.rawValue)"
                + (site.id.map { " \($0)" } ?? "") + (site.reason.map { ": \($0)" } ?? "")
        }
        lines += [file.error?.description, file.skipped].compactMap(\.self)
        return lines.map { "\($0)\n" }.joined()
    }

    /// Returns the findings about a file, one line for each.
    func lint(_ bytes: [UInt8]) throws -> String {
        let linter = Linter(try Self.lock.get(), rules: try rules())
        let file = linter.lint(bytes, path: path, context: context)
        return file.findings.map { "\($0.mark) \($0.code.rawValue) \($0.severity.rawValue)\n" }
            .joined()
    }
}

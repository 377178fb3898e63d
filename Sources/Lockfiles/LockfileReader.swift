// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety
internal import YAML

extension Lockfile {
    /// The limits for a lock file of some ten thousand images, which is larger than files written
    /// by hand.
    private static let limits = {
        var limits = YAMLDocumentStream.Limits()
        limits.byteCount = maximumByteCount
        limits.events = 1_000_000
        return limits
    }()

    /// Parses a lock file.
    ///
    /// Unknown fields are ignored because a newer version can have written them. Fields that
    /// contradict each other (`sha` and `digest`, `pinned` and its parts) and duplicate keys are
    /// rejected because readers use one or the other.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file.
    ///   - root: The keys that lead to the content of the lock file.
    /// - Throws: ``LockfileError`` with the position of the first problem.
    public init(
        parsing bytes: [UInt8], root: [String] = defaultRoot
    ) throws(LockfileError) {
        do {
            try self.init(parsingWhole: bytes, root: root)
        } catch {
            guard LockfileText.isTruncated(bytes) else { throw error }
            throw LockfileError(
                at: error.mark,
                "\(error.message) (the lock file seems to be truncated: its last line has "
                    + "no line break)", hint: error.hint)
        }
    }

    private init(parsingWhole bytes: [UInt8], root: [String]) throws(LockfileError) {
        try LockfileText.check(bytes)
        let stream: YAMLDocumentStream
        do {
            stream = try YAMLDocumentStream(parsing: bytes, limits: Self.limits)
        } catch {
            throw LockfileError(at: error.mark, "the lock file is not valid YAML: \(error.message)")
        }
        guard stream.documents.count == 1, var node = stream.documents.first?.root else {
            throw LockfileError(
                at: stream.documents.dropFirst().first?.root.mark ?? YAMLMark(line: 1, column: 1),
                "a lock file must be one YAML document, not \(stream.documents.count)")
        }
        var name = "the lock file"
        for key in root {
            node = try LockfileEntry(node, as: name).required(key)
            name = key
        }
        let content = try LockfileEntry(node, as: name)
        let schema = try content.integer("schema")
        guard schema == Self.schema else {
            throw content.failure(
                "schema",
                "'schema' is \(schema), but this version of ocimirror reads \(Self.schema)",
                hint: schema > Self.schema
                    ? LockfileError.versionHint : LockfileError.restoreHint)
        }
        var images: [String: LockedImage] = [:]
        for entry in try LockfileEntry(content.required("images"), as: "images").entries {
            // ``LockfileEntry`` has checked that every key is text.
            guard let id = entry.key.text else { continue }
            guard Self.isID(id) else {
                throw LockfileError(
                    at: entry.key.mark,
                    "invalid id '\(UntrustedText(id).display(limit: 200))': use letters, digits and "
                        + "'-._/'")
            }
            images[id] = try LockedImage(
                LockfileEntry(entry.value, as: id, isEntry: true))
        }
        self.init(
            root: root, inputs: try content.parse("inputs", Digest.init(parsing:)),
            validation: content["validation"] == nil ? nil : try content.validation("validation"),
            images: images)
    }
}

extension Lockfile {
    /// Returns a Boolean value that indicates whether the configuration allows such an id.
    fileprivate static func isID(_ id: String) -> Bool {
        !id.isEmpty
            && id.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "-._/".utf8.contains(byte)
                }
            }
    }
}

extension LockedImage {
    fileprivate init(_ entry: LockfileEntry) throws(LockfileError) {
        let registry = try entry.parse("registry", RegistryHost.init(parsing:))
        let path = try entry.text("repository")
        let repository = try entry.parse("repository") { _ throws(ParseError) in
            try Repository(registry: registry, path: path)
        }
        self.init(
            source: try entry.shownText("source"), upstream: try entry.shownText("upstream"),
            repository: repository,
            tag: entry["tag"] == nil ? nil : try entry.parse("tag", Tag.init(parsing:)),
            digest: try entry.parse("digest", Digest.init(parsing:)),
            mediaType: try entry.parse("mediaType", MediaType.init(parsing:)),
            size: try entry.integer("size"), validation: try entry.validation("validation"),
            notChecked: try entry.notChecked(), requires: try entry.texts("requires"),
            platforms: try entry.platforms(),
            referrers: try entry.referrers(),
            hasIncompleteReferrers: try entry.flag("referrersIncomplete"))
        try entry.checkAgreement(of: self)
    }
}

/// Checks of the text of a lock file before it is parsed.
enum LockfileText {
    /// Rejects a file that is empty or has unresolved merge conflicts.
    ///
    /// - Throws: ``LockfileError`` for an empty file and for conflict markers.
    static func check(_ bytes: [UInt8]) throws(LockfileError) {
        guard bytes.contains(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else {
            throw LockfileError(at: YAMLMark(line: 1, column: 1), "the lock file is empty")
        }
        let lines = markerLines(in: bytes)
        guard let first = lines.first else { return }
        let shown = lines.prefix(6).map { "\($0)" }.joined(separator: ", ")
        let others = lines.count > 6 ? ", and \(lines.count - 6) more" : ""
        throw LockfileError(
            at: YAMLMark(line: first, column: 1),
            "unresolved merge conflict: conflict markers in "
                + "\(lines.count == 1 ? "line" : "lines") \(shown)\(others)",
            hint: LockfileError.conflictHint)
    }

    /// Returns a Boolean value that indicates whether the file is truncated: every lock file ends
    /// with a line break.
    static func isTruncated(_ bytes: [UInt8]) -> Bool { !bytes.isEmpty && bytes.last != 0x0A }

    /// Returns the numbers of the lines that are conflict markers, in Git's default or `diff3`
    /// style.
    ///
    /// No line of a lock file begins like a conflict marker: its keys are indented, or names.
    private static func markerLines(in bytes: [UInt8]) -> [Int] {
        var found: [Int] = []
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            guard let sign = line.first, "<|=>".utf8.contains(sign),
                line.prefix(7).elementsEqual(repeatElement(sign, count: 7)),
                line.count == 7 || line.dropFirst(7).first == 0x20
                    || line.dropFirst(7).elementsEqual([0x0D])
            else { continue }
            found.append(number)
        }
        return found
    }
}

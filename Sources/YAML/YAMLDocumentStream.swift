// SPDX-License-Identifier: Apache-2.0

/// One document of a YAML file.
public struct YAMLDocument: Hashable, Sendable {
    /// Its value; an empty plain scalar where the document is empty.
    public let root: YAMLNode
    /// Whether it begins with `---`.
    public let hasStartMarker: Bool
    /// Whether a `%YAML` or `%TAG` directive precedes it.
    public let hasDirectives: Bool
}

/// A YAML file: its text and the documents in it.
public struct YAMLDocumentStream: Hashable, Sendable {
    /// How much of a file is read before it is refused.
    ///
    /// libyaml by itself takes seconds for 50,000 open brackets; reading event by event stops it.
    public struct Limits: Hashable, Sendable {
        /// How many bytes a file may have.
        public var byteCount = 1 << 20
        /// How deep mappings and sequences may nest.
        public var depth = 64
        /// How many values, and beginnings and ends of collections, a file may have.
        public var events = 100_000
        /// How many bytes a key may have.
        ///
        /// Keys become parts of paths, and each value below a long one would repeat it. YAML itself limits
        /// keys without `?` to 1024 characters.
        public var keyByteCount = 4096
        /// How many lines may begin with `%TAG`; libyaml compares each with all before it.
        public var tagDirectives = 100

        /// Makes the usual limits: 1 MiB, 64 levels, 100,000 events, 100 `%TAG` lines.
        public init() {}
    }

    /// The text that the ranges of the nodes lie in.
    public let text: YAMLText
    /// The documents; none for a file that holds nothing but comments.
    public let documents: [YAMLDocument]

    /// Parses a whole file.
    ///
    /// - Parameters:
    ///   - bytes: the file, in UTF-8 with or without a byte order mark.
    ///   - limits: how much is read before it is refused.
    /// - Throws: ``YAMLError`` with the place of the first problem.
    public init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(YAMLError) {
        guard bytes.count <= limits.byteCount else {
            throw YAMLError(
                at: YAMLMark(line: 1, column: 1),
                "the file has \(bytes.count) bytes, more than the \(limits.byteCount) that are read"
            )
        }
        self.text = try YAMLText(bytes)
        try Self.checkDirectives(of: text, limit: limits.tagDirectives)
        var composer = Composer(text: text, limits: limits)
        self.documents = try composer.documents()
    }

    private static func checkDirectives(of text: YAMLText, limit: Int) throws(YAMLError) {
        var count = 0
        for line in 1...text.lineCount {
            let range = text.range(ofLine: line)
            guard text.bytes[range].starts(with: "%TAG".utf8) else { continue }
            count += 1
            guard count <= limit else {
                throw YAMLError(
                    at: YAMLMark(line: line, column: 1),
                    "the file has more than \(limit) %TAG directives")
            }
        }
    }
}

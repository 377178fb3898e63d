// SPDX-License-Identifier: Apache-2.0

/// A document of a YAML file.
public struct YAMLDocument: Hashable, Sendable {
    /// The value of the document; an empty plain scalar if the document is empty.
    public let root: YAMLNode
    /// A Boolean value that indicates whether the document begins with `---`.
    public let hasStartMarker: Bool
    /// A Boolean value that indicates whether a `%YAML` or `%TAG` directive precedes the document.
    public let hasDirectives: Bool
}

/// The text and the documents of a YAML file.
public struct YAMLDocumentStream: Hashable, Sendable {
    /// The limits beyond which a file is rejected.
    ///
    /// libyaml takes seconds for 50,000 open brackets. Reading event by event stops it earlier.
    public struct Limits: Hashable, Sendable {
        /// The maximum size of a file in bytes.
        public var byteCount = 1 << 20
        /// The maximum nesting depth of mappings and sequences.
        public var depth = 64
        /// The maximum number of events: values, and starts and ends of collections.
        public var events = 100_000
        /// The maximum size of a key in bytes.
        ///
        /// Keys become steps of paths, and every value below a long key would repeat it. YAML
        /// itself limits keys without `?` to 1024 characters.
        public var keyByteCount = 4096
        /// The maximum number of `%TAG` lines; libyaml compares each with all lines before it.
        public var tagDirectives = 100

        /// Creates the default limits: 1 MiB, 64 levels, 100,000 events, 100 `%TAG` lines.
        public init() {}
    }

    /// The text to which the ranges of the nodes refer.
    public let text: YAMLText
    /// The documents; empty for a file that has only comments.
    public let documents: [YAMLDocument]

    /// Parses a whole file.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file, in UTF-8 with or without a byte order mark.
    ///   - limits: The limits beyond which the file is rejected.
    /// - Throws: ``YAMLError`` with the position of the first problem.
    public init(parsing bytes: [UInt8], limits: Limits = Limits()) throws(YAMLError) {
        guard bytes.count <= limits.byteCount else {
            throw YAMLError(
                at: YAMLMark(line: 1, column: 1),
                "the file has \(bytes.count) bytes; the limit is \(limits.byteCount)"
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

/// An error that indicates that a file is not valid YAML or exceeds a limit.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The position of the problem.
    public let mark: YAMLMark
    /// The problem, in lower case; it quotes nothing of the file.
    public let message: String
    /// A Boolean value that indicates whether the problem has a position in the file.
    public let hasPosition: Bool

    /// Creates an error.
    public init(at mark: YAMLMark, _ message: String) {
        self.mark = mark
        self.message = message
        hasPosition = true
    }

    /// Creates the error of a file whose content is not the problem, such as one that does not exist.
    public init(ofFile message: String) {
        mark = YAMLMark(line: 1, column: 1)
        self.message = message
        hasPosition = false
    }

    /// The line, from 1.
    public var line: Int { mark.line }
    /// The column in characters, from 1.
    public var column: Int { mark.column }

    /// The position after a colon, to follow the name of the file; empty if there is none.
    public var place: String { hasPosition ? ":\(mark)" : "" }
    /// The error in the form `line:column: message`, to follow the name of the file and a colon.
    public var description: String { hasPosition ? "\(mark): \(message)" : " \(message)" }
}

// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A change to the bytes of a fragment, and the change to its values that it is meant to make.
struct Edit: Hashable, Sendable {
    enum Change: Hashable, Sendable {
        /// Replaces the whole scalar at this range with this text.
        case scalar(Range<Int>, text: String, isBool: Bool)
        /// Replaces a part of the scalar's text, as a range of bytes, with this text.
        case part(Range<Int>, of: Range<Int>, text: String)
        /// Adds keys to the mapping after the key whose value has this range.
        case entries(after: Range<Int>, [Addition])
    }

    /// A key that is added to a mapping, and its value.
    struct Addition: Hashable, Sendable {
        let key: String
        let text: String
        /// The text as it is written, including quotes.
        let token: String
    }

    let fragment: Int
    /// The bytes of the fragment to replace; they are in one line.
    let range: Range<Int>
    /// The replacement, without line breaks.
    let bytes: [UInt8]
    /// The lines to add after the line at whose end the range is.
    var lines: [[UInt8]] = []
    let change: Change

    /// The location of an edit; two edits of one location contradict each other unless they are
    /// equal.
    struct Location: Hashable {
        let fragment: Int
        let range: Range<Int>
        let isLine: Bool
    }

    var location: Location { Location(fragment: fragment, range: range, isLine: !lines.isEmpty) }
}

/// An error that indicates that a value cannot be written without changing anything else.
struct EditError: Error {
    let reason: String
}

extension Edit {
    /// Returns the edit that sets the text of a field, which must consist of characters of
    /// references; `nil` if the field has that text.
    ///
    /// `isQuoted` requests quotes even if YAML does not need them, for a value that was not text
    /// before.
    static func setting(
        _ field: Field, to text: String, isQuoted: Bool = false, in fragment: Int,
        of source: YAMLText, quotedAs quoteStyle: QuoteStyle
    ) throws(EditError) -> Edit? {
        guard field.text != text || (field.part == nil && !isText(field.node)) else { return nil }
        if let part = field.part {
            return try replacing(part, of: field.node, with: text, in: fragment, source)
        }
        if case .scalar(let old, .literal) = field.node.kind {
            let line = old.hasSuffix("\n") ? String(old.dropLast()) : old
            let offset = Fragment.lines(of: field.node, in: source)?.first?.offset
            let part = Field.Part(range: 0..<line.utf8.count, text: line, offset: offset)
            return try replacing(part, of: field.node, with: text, in: fragment, source)
        }
        let isQuoted = isQuoted && (text.isEmpty || field.text.isEmpty)
        var bytes = Array(quoteStyle.encode(text, like: field.node, isQuoted: isQuoted).utf8)
        let range = field.node.range
        // A missing value begins directly after its colon.
        if range.isEmpty, range.lowerBound > 0, source.bytes[range.lowerBound - 1] != 0x20 {
            bytes.insert(0x20, at: 0)
        }
        return Edit(
            fragment: fragment, range: range, bytes: bytes,
            change: .scalar(range, text: text, isBool: false))
    }

    /// Returns the edit that sets a Boolean to true; `nil` if it is true.
    static func switchingOn(
        _ field: Field, in fragment: Int, of source: YAMLText, quotedAs quoteStyle: QuoteStyle
    ) -> Edit? {
        guard field.text != "true" else { return nil }
        let range = field.node.range
        let isPlain = if case .scalar(_, .plain) = field.node.kind { true } else { false }
        var text = isPlain ? "true" : quoteStyle.encode("true", like: field.node, isQuoted: true)
        if range.isEmpty { text = " \(text)" }
        return Edit(
            fragment: fragment, range: range, bytes: Array(text.utf8),
            change: .scalar(range, text: "true", isBool: isPlain))
    }

    /// Returns the edit that adds keys to a mapping after an existing key, in the style of the
    /// mapping.
    static func adding(
        _ additions: [Addition], to mapping: YAMLNode, after precedingKey: String, in fragment: Int,
        _ source: YAMLText
    ) throws(EditError) -> Edit {
        let names = additions.map { "'\($0.key)'" }.joined(separator: " and ")
        guard case .mapping(let entries, let style) = mapping.kind,
            let entry = entries.first(where: { $0.key.text == precedingKey })
        else { throw EditError(reason: "cannot add the key \(names)") }
        let end = entry.value.range.upperBound
        let change = Change.entries(after: entry.value.range, additions)
        if style == .flow {
            guard !entry.value.range.isEmpty else {
                throw EditError(reason: "cannot add the key \(names) after an empty value")
            }
            let isJSON = if case .scalar(_, .doubleQuoted) = entry.key.kind { true } else { false }
            let text = additions.map { addition in
                let name = isJSON ? YAMLQuoting.doubleQuoted(addition.key) : addition.key
                return ", \(name): \(addition.token)"
            }
            return Edit(
                fragment: fragment, range: end..<end, bytes: Array(text.joined().utf8),
                change: change)
        }
        let line = source.range(ofLine: source.mark(at: end).line)
        guard source.mark(at: end).line == entry.key.mark.line else {
            throw EditError(reason: "cannot add the key \(names) after a value of several lines")
        }
        let indent = String(repeating: " ", count: entry.key.mark.column - 1)
        return Edit(
            fragment: fragment, range: line.upperBound..<line.upperBound, bytes: [],
            lines: additions.map { Array("\(indent)\($0.key): \($0.token)".utf8) }, change: change)
    }

    /// Returns the edit that replaces a part of a scalar whose characters are in the file as they
    /// are.
    private static func replacing(
        _ part: Field.Part, of node: YAMLNode, with text: String, in fragment: Int,
        _ source: YAMLText
    ) throws(EditError) -> Edit {
        guard let start = part.offset,
            case let range = start..<(start + part.range.count),
            source.bytes.indices.contains(range.upperBound - 1),
            source.bytes[range].elementsEqual(part.text.utf8)
        else { throw EditError(reason: "the text has escapes or spans several lines") }
        return Edit(
            fragment: fragment, range: range, bytes: Array(text.utf8),
            change: .part(part.range, of: node.range, text: text))
    }

    private static func isText(_ node: YAMLNode) -> Bool {
        guard case .scalar(let text, .plain) = node.kind else { return true }
        return YAMLQuoting.isSafePlain(text)
    }
}

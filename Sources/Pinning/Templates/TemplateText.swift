// SPDX-License-Identifier: Apache-2.0

/// The text of a template before an action, which shows the use of the action's output.
struct TemplateText {
    /// The beginning of the line before the next action.
    private var line: [UInt8] = []
    /// The open mappings and texts whose kind their key decides, innermost last.
    private var blocks: [(indent: Int, isVersion: Bool)] = []

    /// A Boolean value that indicates whether an action is in the line before its end.
    private var hasAction = false
    /// The entries with the name of an image that the text has without an action.
    private var names: [Entry] = []

    /// An entry of a mapping: `repository: acme/web`.
    struct Entry {
        let key: Substring
        let value: Substring
        let indent: Int
        let isElement: Bool
    }

    /// The number of bytes of a line that are kept: enough for a key and the name of an image.
    private static let lineLimit = 512

    /// Returns the range of the next action, with its braces; `nil` if there is none.
    ///
    /// Braces in comments and in texts do not end an action.
    static func action(in text: [UInt8], from start: Int) -> (start: Int, end: Int)? {
        guard let open = pair(UInt8(ascii: "{"), in: text, from: start) else { return nil }
        var index = open + 2
        if text[index...].prefix(4).contains(UInt8(ascii: "/")),
            text[index...].drop(while: { $0 <= 0x20 || $0 == UInt8(ascii: "-") })
                .starts(with: "/*".utf8)
        {
            while index + 1 < text.count,
                text[index] != UInt8(ascii: "*") || text[index + 1] != UInt8(ascii: "/")
            {
                index += 1
            }
        }
        while index + 1 < text.count {
            switch text[index] {
            case UInt8(ascii: "}") where text[index + 1] == UInt8(ascii: "}"):
                return (open, index + 2)
            case UInt8(ascii: "\""), UInt8(ascii: "`"): index = endOfText(in: text, from: index)
            default: index += 1
            }
        }
        return nil
    }

    /// Returns the offset after a text in quotes; after the quote if the text does not end.
    private static func endOfText(in text: [UInt8], from start: Int) -> Int {
        let quote = text[start]
        var index = start + 1
        while index < text.count {
            if text[index] == quote { return index + 1 }
            guard quote == UInt8(ascii: "`") || text[index] != 0x0A else { break }
            index += quote != UInt8(ascii: "`") && text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return start + 1
    }

    /// Returns the offset of the first two equal bytes.
    private static func pair(_ byte: UInt8, in text: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 1 < text.count {
            if text[index] == byte, text[index + 1] == byte { return index }
            index += 1
        }
        return nil
    }

    /// Reads the text before an action.
    mutating func read(_ text: ArraySlice<UInt8>) {
        var rest = text
        hasAction = !line.isEmpty
        while let end = rest.firstIndex(of: 0x0A) {
            append(rest[..<end])
            endLine()
            rest = rest[(end + 1)...]
        }
        append(rest)
    }

    private mutating func append(_ text: ArraySlice<UInt8>) {
        line += text.prefix(max(Self.lineLimit - line.count, 0))
    }

    private mutating func endLine() {
        defer { (line, hasAction) = ([], false) }
        guard let indent, !isComment else { return }
        if !hasAction, let name { names.append(name) }
        blocks.removeAll { $0.indent >= indent }
        guard let isVersion = isVersionBlock else { return }
        blocks.append((indent, isVersion))
    }

    /// The entry of the line, if its key is that of a name.
    private var name: Entry? {
        let words = entry.split(whereSeparator: \.isWhitespace)
        guard let indent, words.count == 2, ["repository:", "image:"].contains(words[0]) else {
            return nil
        }
        return Entry(
            key: words[0].dropLast(), value: words[1], indent: indent,
            isElement: isElement(at: indent))
    }

    /// Returns the entries with names that were read, and forgets them.
    mutating func takeNames() -> [Entry] {
        defer { names = [] }
        return names
    }

    private func isElement(at indent: Int) -> Bool {
        line[..<indent].contains(UInt8(ascii: "-"))
    }

    /// A Boolean value that indicates whether the lines below this one are labels, a name or a
    /// version; `nil` if the key of the line does not decide.
    private var isVersionBlock: Bool? {
        let words = unquoted.split { $0 == 0x20 || $0 == 0x0D }
        var end = words.endIndex
        if end > 0, let first = words[end - 1].first, "|>".utf8.contains(first) { end -= 1 }
        guard end > 0, words[end - 1].last == UInt8(ascii: ":") else { return nil }
        let key = String(decoding: words[end - 1].dropLast(), as: UTF8.self)
        if key.hasSuffix("nnotations") || key.hasSuffix("mage") { return false }
        if key.hasSuffix("abels") || key.hasSuffix("elector") { return true }
        let isText = end < words.count
        return key == "name" || key.hasSuffix("ersion") ? true : isText ? false : nil
    }

    /// A Boolean value that indicates whether the next action is in a comment of the YAML text.
    var isComment: Bool {
        var quote: UInt8?
        var previous = UInt8(ascii: " ")
        for byte in line {
            switch byte {
            case UInt8(ascii: "#") where quote == nil && previous == UInt8(ascii: " "): return true
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                if quote == nil { quote = byte } else if quote == byte { quote = nil }
            default: break
            }
            previous = byte
        }
        return false
    }

    /// The line without the quotes, which keys can have.
    private var unquoted: [UInt8] {
        line.filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
    }

    /// The key before the next action, if the action begins its value, with its indentation.
    var key: (text: Substring, indent: Int, isElement: Bool)? {
        guard let indent, !isComment else { return nil }
        let entry = entry.reversed().drop(while: \.isWhitespace).reversed()
        guard entry.last == ":", !entry.contains(" ") else { return nil }
        return (Substring(String(entry.dropLast())), indent, isElement(at: indent))
    }

    /// The indentation of the line; `nil` for an empty line.
    private var indent: Int? {
        line.firstIndex { $0 != 0x20 && $0 != UInt8(ascii: "-") && $0 != 0x0D }
    }

    /// A Boolean value that indicates whether the next action is the value of a label, a name or a
    /// version.
    var isInVersion: Bool {
        let outer = indent.map { indent in blocks.last { $0.indent < indent } } ?? blocks.last
        // A label can have any key, also that of an image.
        if outer?.isVersion == true || isInLabels { return !isComment }
        let entry = entry
        if ["mage:", "mage=", "apiVersion:"].contains(where: { entry.contains($0) }) {
            return false
        }
        if outer?.isVersion == false || has("nnotations:") || isComment { return false }
        return entry.contains("ersion") || has("abels:") || has("elector:")
            || entry.hasPrefix("name:") || entry.hasPrefix("generateName:")
    }

    /// A Boolean value that indicates whether the next action is in a flow mapping of labels.
    private var isInLabels: Bool {
        let line = unquoted
        var open: [Int] = []
        for (index, byte) in line.enumerated() {
            if byte == UInt8(ascii: "{") { open.append(index) }
            if byte == UInt8(ascii: "}") { open.removeLast(open.isEmpty ? 0 : 1) }
        }
        guard let brace = open.last else { return false }
        let key = line[..<brace].reversed().drop { $0 == 0x20 }
        return ["abels:", "elector:"].contains { key.starts(with: $0.utf8.reversed()) }
    }

    /// The text of the mapping's entry before the next action, without quotes.
    private var entry: Substring {
        let line = unquoted
        let braces = line.lastIndex { $0 == UInt8(ascii: "{") }
        let start = braces.flatMap { brace in
            line[brace...].lastIndex { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: ",") }
        }
        let entry = String(decoding: line[(start.map { $0 + 1 } ?? 0)...], as: UTF8.self)
        return entry.drop { $0.isWhitespace || $0 == "-" }
    }

    private func has(_ word: String) -> Bool {
        let word = Array(word.utf8)
        let line = unquoted
        guard line.count >= word.count else { return false }
        return (0...(line.count - word.count)).contains { line[$0...].starts(with: word) }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The bytes of a YAML file, checked to be UTF-8 without forbidden characters, and its lines.
///
/// Lines end where libyaml ends them: at LF, CR LF, a lone CR, U+0085, U+2028 and U+2029. Counting
/// only LF would give positions that differ from those in libyaml's messages.
///
/// Source: YAML 1.1 §4.1.4 (line breaks), §4.1.1 (allowed characters).
public struct YAMLText: Hashable, Sendable {
    /// The whole file, including a byte order mark.
    public let bytes: [UInt8]
    /// The start of the content: 3 after a byte order mark, otherwise 0.
    public let start: Int
    /// A Boolean value that indicates whether every byte is an allowed ASCII character.
    let isPlain: Bool
    /// The start of each line.
    private let lineStarts: [Int]
    /// The number of characters before each 256th byte; empty if every character is one byte.
    ///
    /// The table makes the column of a position in a line of a megabyte cheap to compute.
    private let charactersBefore: [Int]

    /// Creates the text of a file.
    ///
    /// - Throws: ``YAMLError`` at the first byte that is not UTF-8 or not allowed in YAML.
    public init(_ bytes: [UInt8]) throws(YAMLError) {
        let marks = YAMLText(unchecked: bytes)
        guard !Self.looksLikeUTF16(bytes) else {
            throw YAMLError(
                at: YAMLMark(line: 1, column: 1),
                "the file is encoded in UTF-16 or UTF-32; save it as UTF-8")
        }
        guard !marks.isPlain else {
            self = marks
            return
        }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw YAMLError(
                at: marks.mark(at: error.byteOffsets.lowerBound), "the text is not UTF-8")
        }
        if let (offset, code) = Self.firstForbidden(in: bytes, from: marks.start) {
            let digits = String(code, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            throw YAMLError(
                at: marks.mark(at: offset), "the control character U+\(padded) is not allowed")
        }
        self = marks
    }

    private init(unchecked bytes: [UInt8]) {
        self.bytes = bytes
        self.start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        self.isPlain = Self.isPlain(bytes)
        (lineStarts, charactersBefore) =
            isPlain ? (Self.plainLines(bytes), []) : Self.lines(bytes, from: start)
    }

    private static func isPlain(_ bytes: [UInt8]) -> Bool {
        let span = bytes.span
        var others: UInt8 = 0
        // Without an early exit, the compiler vectorizes the loop.
        for index in span.indices {
            let byte = span[index]
            let isControl = byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D
            others |= isControl || byte > 0x7E ? 1 : 0
        }
        return others == 0
    }

    private static func plainLines(_ bytes: [UInt8]) -> [Int] {
        let span = bytes.span
        var starts = [0]
        for index in span.indices where span[index] <= 0x0D && span[index] != 0x09 {
            // In CR LF, the LF ends the line.
            let isPart = span[index] == 0x0D && index + 1 < span.count && span[index + 1] == 0x0A
            if !isPart { starts.append(index + 1) }
        }
        return starts
    }

    private static func lines(
        _ bytes: [UInt8], from start: Int
    ) -> (starts: [Int], charactersBefore: [Int]) {
        var starts = [start]
        var offset = start
        while offset < bytes.count {
            let length = breakLength(in: bytes, at: offset)
            offset += max(length, 1)
            if length > 0 { starts.append(offset) }
        }
        var counts = [0]
        var count = 0
        for index in bytes.indices {
            if index > 0, index % 256 == 0 { counts.append(count) }
            if bytes[index] & 0xC0 != 0x80 { count += 1 }
        }
        return (starts, counts)
    }

    /// The number of lines; a final line break does not start another line.
    public var lineCount: Int { lineStarts.count }

    /// Returns the line and column of a byte.
    public func mark(at offset: Int) -> YAMLMark {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let end = max(lineStarts[low], min(offset, bytes.count))
        let column = characters(before: end) - characters(before: lineStarts[low])
        return YAMLMark(line: low + 1, column: column + 1)
    }

    private func characters(before offset: Int) -> Int {
        guard !isPlain else { return offset }
        let block = min(offset / 256, charactersBefore.count - 1)
        return charactersBefore[block] + bytes[block * 256..<offset].count { $0 & 0xC0 != 0x80 }
    }

    /// Returns the byte range of a line, without its line break.
    ///
    /// - Precondition: `line` is from 1 to ``lineCount``.
    public func range(ofLine line: Int) -> Range<Int> {
        precondition((1...lineCount).contains(line), "line must be from 1 to lineCount")
        let start = lineStarts[line - 1]
        guard line < lineCount else { return start..<bytes.count }
        var end = lineStarts[line]
        switch bytes[end - 1] {
        case 0x85: end -= 2
        case 0xA8, 0xA9: end -= 3
        case 0x0A where end - 2 >= start && bytes[end - 2] == 0x0D: end -= 2
        default: end -= 1
        }
        return start..<end
    }

    /// Returns the number of bytes of the line break at an offset, or 0 if there is none.
    static func breakLength(in bytes: [UInt8], at offset: Int) -> Int {
        func has(_ byte: UInt8, after distance: Int) -> Bool {
            offset + distance < bytes.count && bytes[offset + distance] == byte
        }
        guard offset < bytes.count else { return 0 }
        switch bytes[offset] {
        case 0x0A: return 1
        case 0x0D: return has(0x0A, after: 1) ? 2 : 1
        case 0xC2: return has(0x85, after: 1) ? 2 : 0
        case 0xE2:
            return has(0x80, after: 1) && (has(0xA8, after: 2) || has(0xA9, after: 2)) ? 3 : 0
        default: return 0
        }
    }

    /// Returns a Boolean value that indicates whether the file begins with a byte order mark of
    /// UTF-16 or UTF-32, or has a zero byte among the first two, as ASCII text in UTF-16 does.
    private static func looksLikeUTF16(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE])
            || (bytes.count >= 2 && bytes.prefix(2).contains(0))
    }

    /// Returns the first character that YAML does not allow, and its offset; the bytes must be
    /// UTF-8.
    private static func firstForbidden(
        in bytes: [UInt8], from start: Int
    ) -> (offset: Int, code: UInt32)? {
        let span = bytes.span
        var index = start
        while index < span.count {
            let byte = span[index]
            if byte < 0x80 {
                let isAllowed = byte >= 0x20 ? byte != 0x7F : [0x09, 0x0A, 0x0D].contains(byte)
                guard isAllowed else { return (index, UInt32(byte)) }
                index += 1
                continue
            }
            let width = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            var code = UInt32(byte) & (0x7F >> UInt32(width))
            for next in (index + 1)..<(index + width) {
                code = code << 6 | UInt32(span[next] & 0x3F)
            }
            guard isAllowed(code) else { return (index, code) }
            index += width
        }
        return nil
    }

    /// Source: YAML 1.1 §4.1.1, beyond ASCII.
    private static func isAllowed(_ code: UInt32) -> Bool {
        switch code {
        case 0x85, 0xA0...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}

/// A position in a YAML file: line and column, both from 1, as editors count them.
public struct YAMLMark: Hashable, Sendable, Comparable {
    /// The line.
    public let line: Int
    /// The column, in Unicode scalars; a byte order mark is not counted.
    public let column: Int

    /// Creates a mark.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Orders marks by line, then by column.
    public static func < (first: YAMLMark, second: YAMLMark) -> Bool {
        (first.line, first.column) < (second.line, second.column)
    }
}

extension YAMLMark: CustomStringConvertible {
    /// The position in the form `line:column`, to follow the name of the file.
    public var description: String { "\(line):\(column)" }
}

/// Converts libyaml's positions, in characters after a byte order mark, to byte offsets of the
/// file.
struct CharacterOffsets {
    private let start: Int
    private let end: Int
    /// The byte offset of each character; `nil` if every character is one byte.
    private let offsets: [UInt32]?

    init(_ text: YAMLText) {
        start = text.start
        end = text.bytes.count
        if text.isPlain {
            offsets = nil
        } else {
            let content = text.bytes[text.start...]
            offsets = content.indices.lazy
                .filter { content[$0] & 0xC0 != 0x80 }
                .map { UInt32(truncatingIfNeeded: $0) }
        }
    }

    /// Returns the byte offset of a character, or the end of the file for a position beyond it.
    subscript(position: Int) -> Int {
        guard let offsets else { return min(start + position, end) }
        return position < offsets.count ? Int(offsets[position]) : end
    }
}

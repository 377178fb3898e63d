// SPDX-License-Identifier: Apache-2.0

/// The bytes of a YAML file, known to be UTF-8 without forbidden characters, and its lines.
///
/// Lines end where libyaml ends them: at LF, CR LF, a lone CR, U+0085, U+2028 and U+2029. Were only
/// LF counted, the marks of a file with other breaks would not fit the parser's own messages.
///
/// Source: YAML 1.1 §4.1.4 (line breaks), §4.1.1 (allowed characters).
public struct YAMLText: Hashable, Sendable {
    /// The whole file, byte order mark included.
    public let bytes: [UInt8]
    /// Where the content begins: 3 with a byte order mark, else 0.
    public let start: Int
    /// Whether every byte is a character by itself, and one that is allowed.
    let isPlain: Bool
    /// Where each line begins.
    private let lineStarts: [Int]
    /// How many characters there are before each 256th byte, so that a column on a line of a
    /// megabyte does not cost a walk along it; empty where that is known without counting.
    private let charactersBefore: [Int]

    /// Takes the bytes of a file.
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
        // Without an end before the end, the loop runs on many bytes at a time.
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
            // The LF of a CR LF ends the line, not the CR.
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

    /// How many lines there are; a final line break begins no further one that holds anything.
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

    /// Returns where a line stands in the file, without its line break.
    ///
    /// - Precondition: `line` is from 1 to ``lineCount``.
    public func range(ofLine line: Int) -> Range<Int> {
        precondition((1...lineCount).contains(line), "lines are counted from 1")
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

    /// How many bytes the line break at an offset has; 0 where there is none.
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

    /// A mark of UTF-16 or UTF-32, or a zero byte among the first two, as in ASCII text in UTF-16.
    private static func looksLikeUTF16(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE])
            || (bytes.count >= 2 && bytes.prefix(2).contains(0))
    }

    /// The first character that YAML does not allow, and where it is; the bytes are UTF-8.
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

    /// Source: YAML 1.1 §4.1.1, above ASCII.
    private static func isAllowed(_ code: UInt32) -> Bool {
        switch code {
        case 0x85, 0xA0...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}

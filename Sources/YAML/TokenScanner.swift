// SPDX-License-Identifier: Apache-2.0

/// Finds the value after an anchor and a tag, and the position of a missing value.
///
/// The scanner reads only text that libyaml has accepted, so it does not validate it.
struct TokenScanner {
    let text: YAMLText
    private var bytes: [UInt8] { text.bytes }

    init(_ text: YAMLText) {
        self.text = text
    }

    /// Returns the start of the value whose anchor, tag or first byte is at `offset`.
    func valueStart(from offset: Int, after properties: Event.Properties) -> Int {
        var offset = offset
        var hasAnchor = properties.anchor != nil
        var hasTag = properties.tag != nil
        while offset < bytes.count {
            // A second anchor or tag belongs to the first key of the mapping that begins here.
            switch bytes[offset] {
            case UInt8(ascii: "&") where hasAnchor:
                hasAnchor = false
                offset = skip(from: offset + 1) { Self.isNameByte($0) }
            case UInt8(ascii: "!") where hasTag:
                hasTag = false
                offset = endOfTag(from: offset)
            default:
                return offset
            }
            offset = skipSpace(from: offset)
        }
        return offset
    }

    /// Returns the position after the colon that follows a key, or `nil` if no colon follows.
    func afterColon(from keyEnd: Int) -> Int? {
        let offset = skipSpace(from: keyEnd)
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: ":") else { return nil }
        return offset + 1
    }

    /// A verbatim tag ends with `>`, any other tag at a blank, or at a comma inside brackets.
    private func endOfTag(from offset: Int) -> Int {
        guard bytes[offset...].starts(with: "!<".utf8) else {
            return skip(from: offset) { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }
        }
        return min(skip(from: offset) { $0 != UInt8(ascii: ">") } + 1, bytes.count)
    }

    /// Skips blanks, line breaks and comments.
    private func skipSpace(from offset: Int) -> Int {
        var offset = offset
        while offset < bytes.count {
            let length = YAMLText.breakLength(in: bytes, at: offset)
            if length > 0 {
                offset += length
            } else if bytes[offset] == 0x20 || bytes[offset] == 0x09 {
                offset += 1
            } else if bytes[offset] == UInt8(ascii: "#") {
                while offset < bytes.count, YAMLText.breakLength(in: bytes, at: offset) == 0 {
                    offset += 1
                }
            } else {
                break
            }
        }
        return offset
    }

    private func skip(from offset: Int, while condition: (UInt8) -> Bool) -> Int {
        bytes[offset...].firstIndex { !condition($0) } ?? bytes.count
    }

    /// Returns a Boolean value that indicates whether libyaml accepts a character in an anchor's
    /// name.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }
}

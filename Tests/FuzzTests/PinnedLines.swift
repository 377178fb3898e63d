// SPDX-License-Identifier: Apache-2.0

/// A comparison of a file before and after pinning that uses only the text, independent of the
/// implementation.
struct PinnedLines {
    let old: [UInt8]
    let new: [UInt8]

    /// Checks that every line is the same, or has a pin, or was added for one.
    func check() throws(Violation) {
        let (before, after) = (Self.lines(old), Self.lines(new))
        var position = 0
        for line in after {
            if position < before.count, before[position] == line {
                position += 1
            } else if Self.isAdded(line), !Self.isEdit(of: position, in: before, line) {
                continue
            } else {
                try require(position < before.count, "a line is added: \(Self.text(line))")
                try checkEdit(before[position], line)
                position += 1
            }
        }
        try require(position == before.count, "\(before.count - position) lines are missing")
    }

    /// Checks that the part in which two lines differ consists of characters of a pin.
    private func checkEdit(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>) throws(Violation) {
        let start = zip(old, new).prefix { $0 == $1 }.count
        let rest = (old.dropFirst(start), new.dropFirst(start))
        let end = zip(rest.0.reversed(), rest.1.reversed()).prefix { $0 == $1 }.count
        let edit = rest.1.dropLast(end)
        try require(
            edit.allSatisfy(Self.isPart), "\(Self.text(old)) becomes \(Self.text(new))")
    }

    private static func isEdit(
        of position: Int, in lines: [ArraySlice<UInt8>], _ line: ArraySlice<UInt8>
    ) -> Bool {
        guard position < lines.count else { return false }
        let key = { (line: ArraySlice<UInt8>) in line.prefix { $0 != UInt8(ascii: ":") } }
        return key(lines[position]) == key(line)
    }

    /// Returns whether a line consists of a key that a pin may add.
    private static func isAdded(_ line: ArraySlice<UInt8>) -> Bool {
        let content = line.drop { $0 == 0x20 || $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "-") }
        return ["digest:", "sha:", "tag:", "newTag:", "useDigest:"].contains {
            content.starts(with: $0.utf8)
        }
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "@:./_-\"', ".utf8.contains(byte)
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split(omittingEmptySubsequences: false) { $0 == 0x0A || $0 == 0x0D }
    }

    private static func text(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line, as: UTF8.self).debugDescription
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Tar headers that no regular program writes.
enum RawArchive {
    static let end = [UInt8](repeating: 0, count: 1024)

    /// Returns a header with the twelve bytes of its size field.
    static func header(
        _ path: [UInt8], kind: Character = "0", sizeField: [UInt8], mode: String = "0000755",
        link: [UInt8] = []
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: [UInt8], at position: Int) {
            block.replaceSubrange(position..<position + bytes.count, with: bytes)
        }
        put(Array(path.prefix(100)), at: 0)
        put(Array(mode.utf8), at: 100)
        put(sizeField, at: 124)
        put(Array("00000000000".utf8), at: 136)
        put([kind.asciiValue ?? 0], at: 156)
        put(Array(link.prefix(100)), at: 157)
        put(Array("ustar\u{0}00".utf8), at: 257)
        put([UInt8](repeating: 0x20, count: 8), at: 148)
        let sum = String(block.reduce(0) { $0 + Int($1) }, radix: 8)
        put(Array((String(repeating: "0", count: 6 - sum.count) + sum).utf8) + [0, 0x20], at: 148)
        return block
    }

    /// Returns an entry with its content.
    static func entry(
        _ path: String, kind: Character = "0", _ content: [UInt8] = [], mode: String = "0000755",
        link: String = ""
    ) -> [UInt8] {
        let size = String(content.count, radix: 8)
        let field = Array((String(repeating: "0", count: 11 - size.count) + size).utf8) + [0]
        return header(
            Array(path.utf8), kind: kind, sizeField: field, mode: mode, link: Array(link.utf8))
            + padded(content)
    }

    /// Returns an extended header; each record is its length, a space, `key=value` and a line
    /// break.
    static func extended(_ records: [(String, [UInt8])], kind: Character = "x") -> [UInt8] {
        let body = records.flatMap { key, value -> [UInt8] in
            let rest = Array(" \(key)=".utf8) + value + [0x0A]
            var length = rest.count
            while String(length).utf8.count + rest.count != length {
                length = String(length).utf8.count + rest.count
            }
            return Array(String(length).utf8) + rest
        }
        return entry("PaxHeaders/x", kind: kind, body, mode: "0000644")
    }

    static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A tar archive with one file, in gzip's format but not compressed, so that its bytes depend only
/// on the content of the file.
enum LockArchive {
    /// Returns the archive.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file, less than 8 GiB.
    ///   - name: The name of the file, at most 100 ASCII characters.
    /// - Returns: The bytes of the archive.
    static func bytes(of bytes: [UInt8], named name: String) -> [UInt8] {
        let end = [UInt8](repeating: 0, count: 1024)
        return gzip(header(of: name, size: bytes.count) + padded(bytes) + end)
    }

    /// Source: POSIX.1-2017, pax § ustar Interchange Format.
    private static func header(of name: String, size: Int) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(size, digits: 11), at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        // The sum of the bytes while the field for the sum has spaces.
        put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + "\0", at: 148)
        return header
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    /// Source: RFC 1952 §2.3, RFC 1951 §3.2.4.
    private static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        var rest = bytes[...]
        while !rest.isEmpty {
            let block = rest.prefix(0xFFFF)
            rest = rest.dropFirst(block.count)
            let length = UInt16(block.count)
            result.append(rest.isEmpty ? 1 : 0)
            result += littleEndian(length) + littleEndian(~length) + block
        }
        return result + littleEndian(checksum(bytes))
            + littleEndian(UInt32(truncatingIfNeeded: bytes.count))
    }

    /// Source: RFC 1952 §8.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        let table = (0..<256).map { index in
            var value = UInt32(index)
            for _ in 0..<8 {
                let isOdd = value & 1 == 1
                value >>= 1
                if isOdd { value ^= 0xEDB8_8320 }
            }
            return value
        }
        var sum = UInt32.max
        for byte in bytes {
            let index = UInt8(truncatingIfNeeded: sum) ^ byte
            sum = table[Int(index)] ^ (sum >> 8)
        }
        return ~sum
    }

    private static func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}

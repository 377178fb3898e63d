// SPDX-License-Identifier: Apache-2.0

/// A writer of gzip files that stores its input without compression.
///
/// Source: RFC 1952 and RFC 1951 §3.2.4.
public enum StoredGzip {
    /// Returns a gzip file of `bytes`.
    public static func bytes(_ bytes: [UInt8]) -> [UInt8] {
        var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        var position = 0
        repeat {
            let length = min(0xFFFF, bytes.count - position)
            let isLast = position + length == bytes.count
            file.append(isLast ? 1 : 0)
            file += little(UInt32(length), bytes: 2) + little(~UInt32(length), bytes: 2)
            file += bytes[position..<position + length]
            position += length
        } while position < bytes.count
        return file + little(checksum(bytes), bytes: 4)
            + little(UInt32(truncatingIfNeeded: bytes.count), bytes: 4)
    }

    private static func little(_ number: UInt32, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { word, _ in
            word & 1 == 1 ? 0xEDB8_8320 ^ (word >> 1) : word >> 1
        }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { sum, byte in
            table[Int((sum ^ UInt32(byte)) & 255)] ^ (sum >> 8)
        }
    }
}

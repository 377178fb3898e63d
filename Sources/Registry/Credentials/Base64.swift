// SPDX-License-Identifier: Apache-2.0

/// Strict Base64 with padding.
///
/// Source: RFC 4648 §4; lenient decoders differ in what they ignore, so this one ignores nothing.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Encodes bytes.
    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(0) { $0 << 8 | Int($1) }
            bits <<= (3 - group.count) * 8
            for position in 0..<4 {
                let digit = alphabet[bits >> (18 - 6 * position) & 63]
                text.append(position <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Decodes text, or returns `nil` if it is not exactly what ``encode(_:)`` writes.
    static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        for start in stride(from: 0, to: digits.count, by: 4) {
            let isLast = start + 4 == digits.count
            let padding = isLast ? digits[start...].reversed().prefix { $0 == 0x3D }.count : 0
            guard padding <= 2 else { return nil }
            var bits = 0
            for digit in digits[start..<(start + 4 - padding)] {
                guard let value = alphabet.firstIndex(of: digit) else { return nil }
                bits = bits << 6 | value
            }
            bits <<= 6 * padding
            let group = [UInt8(bits >> 16 & 255), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
            // Bits after the last byte must be zero, so that each value has one encoding.
            guard group.suffix(padding).allSatisfy({ $0 == 0 }) else { return nil }
            bytes.append(contentsOf: group.dropLast(padding))
        }
        return bytes
    }

    /// Decodes the URL-safe alphabet without padding.
    ///
    /// Source: RFC 4648 §5; RFC 7515 §2 for the missing padding.
    static func decode(urlSafe text: String) -> [UInt8]? {
        guard !text.utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
        let usual = text.replacing("-", with: "+").replacing("_", with: "/")
        return decode(usual + String(repeating: "=", count: (4 - usual.utf8.count % 4) % 4))
    }
}

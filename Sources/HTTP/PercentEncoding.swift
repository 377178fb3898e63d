// SPDX-License-Identifier: Apache-2.0

/// Percent-encoding (RFC 3986 §2).
public enum PercentEncoding {
    /// Encodes everything except unreserved characters, `:` and `/`, which are allowed in queries.
    public static func query(_ text: String) -> String {
        encode(text) { isUnreserved($0) || $0 == 0x3A || $0 == 0x2F }
    }

    /// Encodes everything except unreserved characters, for form bodies.
    public static func form(_ text: String) -> String {
        encode(text, keep: isUnreserved)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    private static func encode(_ text: String, keep: (UInt8) -> Bool) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if keep(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (hex.utf8.count == 1 ? "0" : "") + hex
            }
        }
        return encoded
    }
}

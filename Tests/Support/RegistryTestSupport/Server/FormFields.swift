// SPDX-License-Identifier: Apache-2.0

/// The decoded fields of a query or form.
struct FormFields {
    private let pairs: [(name: String, value: String)]

    init(_ text: String) {
        pairs = text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                name: Self.decode(parts[0], plusIsSpace: true),
                value: parts.count > 1 ? Self.decode(parts[1], plusIsSpace: true) : ""
            )
        }
    }

    /// Returns the values of a field in their order.
    subscript(name: String) -> [String] {
        pairs.filter { $0.name == name }.map(\.value)
    }

    /// Replaces each `%XX` with its byte; everything else is unchanged.
    static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "%"), position + 2 < bytes.count,
                let value = UInt8(
                    String(decoding: bytes[position + 1...position + 2], as: UTF8.self), radix: 16)
            {
                decoded.append(value)
                position += 3
            } else {
                let isSpace = plusIsSpace && bytes[position] == UInt8(ascii: "+")
                decoded.append(isSpace ? UInt8(ascii: " ") : bytes[position])
                position += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

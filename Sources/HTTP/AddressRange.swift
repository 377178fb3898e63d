// SPDX-License-Identifier: Apache-2.0

/// A range of addresses with a common prefix.
public struct AddressRange: Hashable, Sendable {
    private let first: IPAddress
    private let length: Int

    /// Parses an address or a range in CIDR notation: `10.0.0.0/8`, `fd00::/8`.
    ///
    /// Bits after the prefix are ignored.
    ///
    /// - Throws: ``URLError`` if the text is neither.
    ///
    /// Source: RFC 4632 §3.1; RFC 4291 §2.3.
    public init(parsing text: String) throws(URLError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress(parsing: $0) }) else {
            throw URLError(text, "is not an address range")
        }
        let bits = address.bytes.count * 8
        let length = parts.count == 2 ? Int(parts[1]) : bits
        guard let length, (0...bits).contains(length), parts.count == 1 || parts[1] == "\(length)"
        else { throw URLError(text, "the prefix length is not from 0 to \(bits)") }
        self.init(address, length)
    }

    init(_ first: IPAddress, _ length: Int) {
        self.first = first
        self.length = length
    }

    /// Returns a Boolean value that indicates whether the range contains an address.
    ///
    /// An IPv4-mapped address counts as IPv4.
    public func contains(_ address: IPAddress) -> Bool {
        let (own, other) = (first.bytes, address.bytes)
        guard own.count == other.count else {
            let plain = address.unmapped
            return plain != address && contains(plain)
        }
        let whole = length / 8
        guard own[..<whole] == other[..<whole] else { return false }
        let rest = length % 8
        return rest == 0 || (own[whole] ^ other[whole]) >> (8 - rest) == 0
    }
}

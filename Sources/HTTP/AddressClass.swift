// SPDX-License-Identifier: Apache-2.0

/// The scope of an IP address: this host, its link or network, or the Internet.
///
/// Source: the IANA registries of special-purpose addresses (RFC 6890), and the documentation of
/// cloud providers on their metadata services.
public enum AddressClass: String, Sendable, CaseIterable {
    /// Public addresses.
    case global
    /// Private, carrier-grade NAT and unique local addresses.
    case privateUse = "private"
    /// Loopback addresses.
    case loopback
    /// Link-local addresses, and the addresses of cloud metadata services.
    case linkLocal = "link-local"
    /// All other addresses: unspecified, multicast, documentation or unassigned.
    case reserved

    /// Classifies an address.
    ///
    /// An IPv4 address embedded in IPv6 counts as that address.
    public init(of address: IPAddress) {
        let plain = address.unmapped
        if let carried = Self.carried(in: plain) {
            self.init(of: carried)
            return
        }
        let known = plain.isIPv4 ? Self.ipv4 : Self.ipv6
        self =
            known.first { $0.range.contains(plain) }?.means
            ?? (plain.isIPv4 || plain.bytes[0] >> 5 == 1 ? .global : .reserved)
    }

    /// Returns the IPv4 address to which a translator or tunnel forwards packets for this address.
    ///
    /// Source: RFC 6052 §2.1 for `64:ff9b::/96`; RFC 3056 §2 for `2002::/16`.
    private static func carried(in address: IPAddress) -> IPAddress? {
        let bytes = address.bytes
        guard bytes.count == 16 else { return nil }
        if bytes.starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        return bytes.starts(with: [0x20, 0x02]) ? IPAddress(bytes: Array(bytes[2..<6])) : nil
    }

    private typealias Known = (range: AddressRange, means: AddressClass)

    /// The first match counts.
    private static let ipv4: [Known] = [
        // The services of Azure and Alibaba; those of other clouds are link-local.
        (.ipv4(168, 63, 129, 16, 32), .linkLocal), (.ipv4(100, 100, 100, 200, 32), .linkLocal),
        (.ipv4(169, 254, 0, 0, 16), .linkLocal),
        (.ipv4(127, 0, 0, 0, 8), .loopback),
        (.ipv4(10, 0, 0, 0, 8), .privateUse), (.ipv4(172, 16, 0, 0, 12), .privateUse),
        (.ipv4(192, 168, 0, 0, 16), .privateUse), (.ipv4(100, 64, 0, 0, 10), .privateUse),
        (.ipv4(0, 0, 0, 0, 8), .reserved), (.ipv4(192, 0, 0, 0, 24), .reserved),
        (.ipv4(192, 0, 2, 0, 24), .reserved), (.ipv4(198, 51, 100, 0, 24), .reserved),
        (.ipv4(203, 0, 113, 0, 24), .reserved), (.ipv4(192, 88, 99, 0, 24), .reserved),
        (.ipv4(198, 18, 0, 0, 15), .reserved), (.ipv4(224, 0, 0, 0, 3), .reserved),
    ]

    /// The first match counts.
    ///
    /// Outside `2000::/3` no other address is global.
    private static let ipv6: [Known] = [
        (.ipv6([0, 0, 0, 0, 0, 0, 0, 1], 128), .loopback),
        // The services of Amazon and Google.
        (.ipv6([0xFD00, 0xEC2, 0, 0, 0, 0, 0, 0x254], 128), .linkLocal),
        (.ipv6([0xFD20, 0xCE, 0, 0, 0, 0, 0, 0x254], 128), .linkLocal),
        (.ipv6([0xFE80], 10), .linkLocal),
        (.ipv6([0xFC00], 7), .privateUse), (.ipv6([0xFEC0], 10), .privateUse),
        (.ipv6([0x2001, 0xDB8], 32), .reserved), (.ipv6([0x3FFF], 20), .reserved),
        (.ipv6([0x2001], 23), .reserved),
    ]
}

extension AddressRange {
    fileprivate static func ipv4(
        _ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8, _ length: Int
    ) -> AddressRange {
        let groups = [UInt16(first) << 8 | UInt16(second), UInt16(third) << 8 | UInt16(fourth)]
        return AddressRange(IPAddress(groups: groups), length)
    }

    fileprivate static func ipv6(_ groups: [UInt16], _ length: Int) -> AddressRange {
        let zeros = [UInt16](repeating: 0, count: 8 - groups.count)
        return AddressRange(IPAddress(groups: groups + zeros), length)
    }
}

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

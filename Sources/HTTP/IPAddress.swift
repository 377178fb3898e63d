// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address.
public struct IPAddress: Hashable, Sendable {
    /// The four bytes of an IPv4 address or the sixteen bytes of an IPv6 address, in network order.
    public let bytes: [UInt8]

    /// Creates an address, or returns `nil` unless there are four or sixteen bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Parses an address: four decimal numbers without leading zeros, or an IPv6 address without
    /// brackets, zone and embedded IPv4 address.
    public init?(parsing text: some StringProtocol) {
        guard let bytes = Self.ipv4(text) ?? Self.ipv6(text) else { return nil }
        self.bytes = bytes
    }

    init(groups: [UInt16]) {
        bytes = groups.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8($0 & 0xFF)] }
    }

    /// A Boolean value that indicates whether this is an IPv4 address.
    public var isIPv4: Bool { bytes.count == 4 }

    /// The IPv4 address in the last four bytes if sockets treat the address as IPv4-mapped
    /// (`::ffff:0:0/96`); otherwise the address itself.
    public var unmapped: IPAddress {
        let mapping: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        guard bytes.count == 16, bytes.starts(with: mapping) else { return self }
        return IPAddress(bytes: Array(bytes[12...])) ?? self
    }

    private static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.count <= 15 else { return nil }
        var bytes: [UInt8] = []
        var number: Int?
        for byte in text.utf8 {
            switch (byte, number) {
            case (UInt8(ascii: "."), let finished?) where finished <= 255:
                bytes.append(UInt8(finished))
                number = nil
            case (0x30...0x39, nil): number = Int(byte - 0x30)
            case (0x30...0x39, let begun?) where begun > 0:
                number = begun * 10 + Int(byte - 0x30)
            default: return nil
            }
        }
        guard bytes.count == 3, let last = number.flatMap(UInt8.init(exactly:)) else { return nil }
        return bytes + [last]
    }

    private static func ipv6(_ text: some StringProtocol) -> [UInt8]? {
        let halves = text.lowercased().split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        var groups: [[UInt16]] = []
        for half in halves {
            guard let numbers = Self.groups(half) else { return nil }
            groups.append(numbers)
        }
        let count = groups.reduce(0) { $0 + $1.count }
        if halves.count == 1 {
            return count == 8 ? IPAddress(groups: groups[0]).bytes : nil
        }
        guard count < 8 else { return nil }
        let zeros = [UInt16](repeating: 0, count: 8 - count)
        return IPAddress(groups: groups[0] + zeros + groups[1]).bytes
    }

    private static func groups(_ text: Substring) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                let number = UInt16(part, radix: 16)
            else { return nil }
            groups.append(number)
        }
        return groups
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text, without brackets.
    ///
    /// Source: RFC 5952 §4: the longest run of at least two zero groups is compressed, the first of
    /// equally long ones.
    public var description: String {
        guard !isIPv4 else { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
        }
        var best = 0..<0
        var start = 0
        while start < groups.count {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > max(best.count, 1) { best = start..<end }
            start = max(end, start + 1)
        }
        let hex = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return hex.joined(separator: ":") }
        return hex[..<best.lowerBound].joined(separator: ":") + "::"
            + hex[best.upperBound...].joined(separator: ":")
    }
}

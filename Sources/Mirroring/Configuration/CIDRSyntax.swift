// SPDX-License-Identifier: Apache-2.0

/// The syntax of IP addresses and of ranges in CIDR notation.
enum CIDRSyntax {
    /// Returns a Boolean value that indicates whether the text is an IPv6 address, or an address
    /// with a prefix length.
    ///
    /// A bare IPv4 address also has the form of a host and is read as one.
    static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first, parts.count <= 2 else { return false }
        let isLong = isIPv6(address)
        guard isLong || (isIPv4(address) && parts.count == 2) else { return false }
        guard parts.count == 2 else { return true }
        guard let length = UInt8(parts[1]), String(length) == parts[1] else { return false }
        return length <= (isLong ? 128 : 32)
    }

    private static func isIPv4(_ text: Substring) -> Bool {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4
            && numbers.allSatisfy { number in UInt8(number).map(String.init) == String(number) }
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        let groups = halves.flatMap { $0.split(separator: ":", omittingEmptySubsequences: false) }
        let isGroup: (Substring) -> Bool = { group in
            (1...4).contains(group.utf8.count) && group.allSatisfy { $0.isASCII && $0.isHexDigit }
        }
        // An empty half has no groups; any other consists of groups only.
        let isWhole = halves.allSatisfy {
            $0.isEmpty
                || $0.split(separator: ":", omittingEmptySubsequences: false).allSatisfy(isGroup)
        }
        let count = groups.count { !$0.isEmpty }
        return isWhole && (halves.count == 2 ? count < 8 : halves.count == 1 && count == 8)
    }
}

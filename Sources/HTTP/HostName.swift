// SPDX-License-Identifier: Apache-2.0

/// The one reading of host names that this project has.
enum HostName {
    /// Returns the canonical form of a host, or nil where it has none.
    static func canonical(_ text: String) -> String? {
        // Folding the case of other alphabets can end in ASCII: the Kelvin sign becomes a `k`.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        if text.hasPrefix("["), text.hasSuffix("]") {
            return canonicalIPv6(text.dropFirst().dropLast()).map { "[\($0)]" }
        }
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy(isLabel) else { return nil }
        // A name whose last label is a number is an address to some readers: it must be a plain one.
        if let last = labels.last, looksNumeric(last) { return isIPv4(name) ? name : nil }
        return name
    }

    /// Whether the text is four decimal numbers from 0 to 255 without leading zeros.
    static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard let number = UInt8(part) else { return false }
                return String(number) == part
            }
    }

    private static func isLabel(_ label: Substring) -> Bool {
        !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
            && label.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                    || $0 == 0x5F
            }
    }

    private static func looksNumeric(_ label: Substring) -> Bool {
        label.utf8.allSatisfy { (0x30...0x39).contains($0) } || label.hasPrefix("0x")
    }

    /// Parses an address and writes it as RFC 5952 says; zones and embedded IPv4 are refused.
    private static func canonicalIPv6(_ text: Substring) -> String? {
        let halves = text.lowercased().split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        var groups: [[UInt16]] = []
        for half in halves {
            guard !half.isEmpty else {
                groups.append([])
                continue
            }
            var numbers: [UInt16] = []
            for part in half.split(separator: ":", omittingEmptySubsequences: false) {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                    let number = UInt16(part, radix: 16)
                else { return nil }
                numbers.append(number)
            }
            groups.append(numbers)
        }
        let count = groups.reduce(0) { $0 + $1.count }
        if halves.count == 1 {
            guard count == 8 else { return nil }
            return rfc5952(groups[0])
        }
        guard count < 8 else { return nil }
        return rfc5952(groups[0] + [UInt16](repeating: 0, count: 8 - count) + groups[1])
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    /// Shortens the longest run of at least two zero groups, the first of equally long ones.
    private static func rfc5952(_ groups: [UInt16]) -> String {
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

// SPDX-License-Identifier: Apache-2.0

/// The canonical form of host names.
enum HostName {
    /// Returns the canonical form of a host, or `nil` if it is invalid.
    static func canonical(_ text: String) -> String? {
        // Case folding of other alphabets can produce ASCII: the Kelvin sign becomes `k`.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        if text.hasPrefix("["), text.hasSuffix("]") {
            guard let address = IPAddress(parsing: text.dropFirst().dropLast()), !address.isIPv4
            else { return nil }
            return "[\(address)]"
        }
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.allSatisfy(isLabel) else { return nil }
        // Some parsers take a name whose last label is a number for an address, so it must be a
        // plain one.
        if let last = labels.last, looksNumeric(last) {
            return IPAddress(parsing: name) == nil ? nil : name
        }
        return name
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
}

// SPDX-License-Identifier: Apache-2.0

/// Comparisons with lowercase ASCII strings that ignore ASCII case.
///
/// The finder compares every YAML key with several candidates. Comparing UTF-8 bytes is cheap;
/// comparing characters with Unicode case folding would dominate the time to find images.
extension String {
    /// Returns a Boolean value that indicates whether the string ends with `suffix`, ignoring
    /// ASCII case.
    ///
    /// `suffix` must be a lowercase ASCII string.
    func hasSuffixIgnoringCase(_ suffix: String) -> Bool {
        let excess = utf8.count - suffix.utf8.count
        guard excess >= 0 else { return false }
        return utf8.dropFirst(excess).hasPrefixIgnoringCase(suffix.utf8)
    }

    /// Returns a Boolean value that indicates whether the string contains `other`, ignoring ASCII
    /// case.
    ///
    /// `other` must be a lowercase ASCII string.
    func containsIgnoringCase(_ other: String) -> Bool {
        var rest = utf8[...]
        while rest.count >= other.utf8.count {
            if rest.hasPrefixIgnoringCase(other.utf8) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

extension Substring.UTF8View {
    fileprivate func hasPrefixIgnoringCase(_ prefix: String.UTF8View) -> Bool {
        count >= prefix.count && zip(self, prefix).allSatisfy { lowercased($0) == $1 }
    }

    private func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
}

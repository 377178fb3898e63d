// SPDX-License-Identifier: Apache-2.0

/// A version with three numbers and, for one that precedes its release, further identifiers.
///
/// Build metadata is read and forgotten, as it takes no part in any comparison.
///
/// Source: Semantic Versioning 2.0.0 §9–§11.
public struct SemanticVersion: Hashable, Sendable {
    /// The first number.
    public var major: UInt64
    /// The second number.
    public var minor: UInt64
    /// The third number.
    public var patch: UInt64
    /// The identifiers behind the hyphen; empty for a release.
    public var prerelease: [PrereleaseIdentifier]

    /// Makes a version.
    public init(
        major: UInt64, minor: UInt64 = 0, patch: UInt64 = 0,
        prerelease: [PrereleaseIdentifier] = []
    ) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
    }

    /// Reads a version as tags have them: with or without a leading `v`, missing numbers are zero.
    ///
    /// Nil where the text is no version: `latest`, `distroless-v1`, `1.2.3.4`, a number beyond
    /// 64 bits, a prerelease number with a leading zero.
    public init?(lenient text: String) {
        var rest = Substring(text)
        if rest.first == "v" { rest.removeFirst() }
        if let plus = rest.firstIndex(of: "+") {
            guard PrereleaseIdentifier.list(rest[rest.index(after: plus)...]) != nil else {
                return nil
            }
            rest = rest[..<plus]
        }
        var prerelease: [PrereleaseIdentifier] = []
        if let hyphen = rest.firstIndex(of: "-") {
            guard let list = PrereleaseIdentifier.list(rest[rest.index(after: hyphen)...]),
                !list.contains(where: \.hasLeadingZero)
            else { return nil }
            prerelease = list
            rest = rest[..<hyphen]
        }
        let numbers = rest.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(numbers.count) else { return nil }
        var values: [UInt64] = []
        for number in numbers {
            guard number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let value = UInt64(number)
            else { return nil }
            values.append(value)
        }
        self.init(
            major: values[0], minor: values.count > 1 ? values[1] : 0,
            patch: values.count > 2 ? values[2] : 0, prerelease: prerelease)
    }

    /// The version without its prerelease identifiers.
    var release: SemanticVersion {
        SemanticVersion(major: major, minor: minor, patch: patch)
    }
}

extension SemanticVersion: Comparable, CustomStringConvertible {
    /// Orders by precedence.
    public static func < (first: SemanticVersion, second: SemanticVersion) -> Bool {
        let a = (first.major, first.minor, first.patch)
        let b = (second.major, second.minor, second.patch)
        guard a == b else { return a < b }
        // A prerelease precedes its release.
        guard !first.prerelease.isEmpty, !second.prerelease.isEmpty else {
            return !first.prerelease.isEmpty && second.prerelease.isEmpty
        }
        return first.prerelease.lexicographicallyPrecedes(second.prerelease)
    }

    /// `major.minor.patch` and, where there are some, the identifiers.
    public var description: String {
        let identifiers = prerelease.map(\.text).joined(separator: ".")
        return "\(major).\(minor).\(patch)" + (identifiers.isEmpty ? "" : "-\(identifiers)")
    }
}

/// One identifier of a prerelease: `rc`, `1`, `alpha`.
public struct PrereleaseIdentifier: Hashable, Sendable, Comparable {
    /// ASCII letters, digits and hyphens.
    public let text: String

    /// Takes an identifier; nil where it is empty or has other characters.
    public init?(_ text: some StringProtocol) {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
            default: false
            }
        }
        guard isAllowed, !text.isEmpty else { return nil }
        self.text = String(text)
    }

    /// Splits identifiers at dots; nil where one of them is none.
    static func list(_ text: Substring) -> [PrereleaseIdentifier]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let list = parts.compactMap { PrereleaseIdentifier($0) }
        return list.count == parts.count ? list : nil
    }

    private var isNumber: Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } }

    fileprivate var hasLeadingZero: Bool { isNumber && text.utf8.count > 1 && text.hasPrefix("0") }

    /// Numbers precede words; numbers are compared as such, words by their bytes.
    public static func < (first: PrereleaseIdentifier, second: PrereleaseIdentifier) -> Bool {
        switch (first.isNumber, second.isNumber) {
        case (true, true) where first.text.utf8.count != second.text.utf8.count:
            // Without leading zeros the longer number is the greater one, however long it is.
            first.text.utf8.count < second.text.utf8.count
        case (true, false): true
        case (false, true): false
        default: first.text.utf8.lexicographicallyPrecedes(second.text.utf8)
        }
    }
}

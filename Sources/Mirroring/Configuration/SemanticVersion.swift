// SPDX-License-Identifier: Apache-2.0

/// A version with three numbers and, for a prerelease, identifiers.
///
/// Build metadata is ignored, because it does not affect precedence.
///
/// Source: Semantic Versioning 2.0.0 §9–§11.
public struct SemanticVersion: Hashable, Sendable {
    /// The major version.
    public var major: UInt64
    /// The minor version.
    public var minor: UInt64
    /// The patch version.
    public var patch: UInt64
    /// The identifiers after the hyphen; empty for a release.
    public var prerelease: [PrereleaseIdentifier]

    /// Creates a version.
    public init(
        major: UInt64, minor: UInt64 = 0, patch: UInt64 = 0,
        prerelease: [PrereleaseIdentifier] = []
    ) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.prerelease = prerelease
    }

    /// Parses a version as tags have it: with or without a leading `v`; missing numbers are zero.
    ///
    /// Returns `nil` if the text is not a version: `latest`, `distroless-v1`, `1.2.3.4`, a number
    /// above 64 bits, or a prerelease number with a leading zero.
    ///
    /// - Parameters:
    ///   - text: The tag.
    ///   - isChart: A Boolean value that indicates whether `_` replaces `+`, as in tags of Helm.
    public init?(lenient text: String, isChart: Bool = false) {
        var rest = Substring(isChart ? text.replacing("_", with: "+") : text)
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
    /// Orders versions by precedence.
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

    /// `major.minor.patch`, followed by the prerelease identifiers.
    public var description: String {
        let identifiers = prerelease.map(\.text).joined(separator: ".")
        return "\(major).\(minor).\(patch)" + (identifiers.isEmpty ? "" : "-\(identifiers)")
    }
}

/// An identifier of a prerelease: `rc`, `1`, `alpha`.
public struct PrereleaseIdentifier: Hashable, Sendable, Comparable {
    /// ASCII letters, digits and hyphens.
    public let text: String

    /// Creates an identifier, or returns `nil` if the text is empty or has other characters.
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

    /// Splits identifiers at dots, or returns `nil` if one of them is invalid.
    static func list(_ text: Substring) -> [PrereleaseIdentifier]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let list = parts.compactMap { PrereleaseIdentifier($0) }
        return list.count == parts.count ? list : nil
    }

    private var isNumber: Bool { text.utf8.allSatisfy { (0x30...0x39).contains($0) } }

    fileprivate var hasLeadingZero: Bool { isNumber && text.utf8.count > 1 && text.hasPrefix("0") }

    /// Numbers precede words.
    ///
    /// Numbers are compared numerically, words by their bytes.
    public static func < (first: PrereleaseIdentifier, second: PrereleaseIdentifier) -> Bool {
        switch (first.isNumber, second.isNumber) {
        case (true, true) where first.text.utf8.count != second.text.utf8.count:
            // Without leading zeros the longer number is the greater one, regardless of its length.
            first.text.utf8.count < second.text.utf8.count
        case (true, false): true
        case (false, true): false
        default: first.text.utf8.lexicographicallyPrecedes(second.text.utf8)
        }
    }
}

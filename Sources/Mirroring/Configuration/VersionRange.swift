// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A set of versions, in the range grammar of Masterminds/semver v3, which Helm uses.
///
/// ```
/// range      = all {"||" all}
/// all        = comparator {(" " | ",") comparator} | version " - " version
/// comparator = ["=" | "!=" | ">" | "<" | ">=" | "=>" | "<=" | "=<" | "~" | "~>" | "^"] version
/// version    = ["v"] part ["." part ["." part]] ["-" prerelease] ["+" build]
/// part       = number | "x" | "X" | "*"
/// ```
///
/// A version with fewer than three numbers means all versions that begin with them. A prerelease is
/// included only if a comparator of the same group names one: `>=1.2` excludes `1.3.0-rc.1`,
/// `>=1.2-0` includes it.
///
/// Source: the README of Masterminds/semver v3, § Checking Version Constraints.
public struct VersionRange: Hashable, Sendable {
    /// The range as written.
    public let text: String
    /// The alternatives.
    ///
    /// All comparators of at least one must match.
    let groups: [[Comparator]]

    /// Parses a range.
    ///
    /// - Throws: ``ParseError`` that names the invalid comparator.
    public init(parsing text: String) throws(ParseError) {
        self.text = text
        self.groups = try Self.groups(of: text)
    }

    /// Returns a Boolean value that indicates whether a version is in the range.
    public func contains(_ version: SemanticVersion) -> Bool {
        groups.contains { group in
            let takesPrereleases = group.contains { !$0.version.prerelease.isEmpty }
            return (version.prerelease.isEmpty || takesPrereleases)
                && group.allSatisfy { $0.admits(version) }
        }
    }

    /// A comparison with a version that may be partial.
    struct Comparator: Hashable, Sendable {
        enum Operator: Hashable, Sendable {
            case equal
            case notEqual
            case greater
            case less
            case greaterOrEqual
            case lessOrEqual
            case tilde
            case caret
        }

        let comparison: Operator
        /// The version, with zeros for missing numbers.
        let version: SemanticVersion
        /// The number of given numbers, from 0 (`*`) to 3.
        let precision: Int

        func admits(_ other: SemanticVersion) -> Bool {
            switch comparison {
            case .equal: precision == 3 ? other == version : agrees(other, to: precision)
            case .notEqual: precision == 3 ? other != version : !agrees(other, to: precision)
            case .greater: other > version && (precision == 3 || !agrees(other, to: precision))
            case .less: other < version
            case .greaterOrEqual: other >= version
            case .lessOrEqual:
                other <= version || (precision < 3 && agrees(other, to: precision))
            case .tilde: other >= version && agrees(other, to: min(precision, 2))
            case .caret: other >= version && agrees(other, to: caretPrecision)
            }
        }

        /// Up to the first number that is not zero, so that `^0.2.3` stays within `0.2`.
        private var caretPrecision: Int {
            if version.major > 0 { return min(precision, 1) }
            if version.minor > 0 { return min(precision, 2) }
            return precision
        }

        /// Returns a Boolean value that indicates whether the first numbers are equal.
        private func agrees(_ other: SemanticVersion, to count: Int) -> Bool {
            (count < 1 || other.major == version.major)
                && (count < 2 || other.minor == version.minor)
                && (count < 3 || other.patch == version.patch)
        }
    }
}

extension VersionRange: CustomStringConvertible {
    /// The range as written.
    public var description: String { text }
}

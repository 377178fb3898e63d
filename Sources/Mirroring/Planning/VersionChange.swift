// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A change from one tag of an image to another.
public struct VersionChange: Hashable, Sendable {
    /// The order of two tags.
    public enum Direction: String, Hashable, Sendable {
        /// The new tag is a later version.
        case newer = "newer version"
        /// The new tag is an earlier version.
        case older = "older version"
        /// The tags do not say which one is newer.
        case other = "other version"
    }

    /// The tag before the change.
    public let old: Tag
    /// The tag after the change.
    public let new: Tag

    /// Creates a change, or returns `nil` if a tag is missing or both are equal.
    public init?(from old: Tag?, to new: Tag?) {
        guard let old, let new, old != new else { return nil }
        self.old = old
        self.new = new
    }

    /// The order of the tags.
    ///
    /// Tags of the same form (`1.2.3-alpine` and `1.10.0-alpine`, `RELEASE.2026-01-31`) are
    /// compared number by number, all others as semantic versions. A suffix orders two tags of the
    /// same release only if it is a prerelease, because `1.2.3-alpine` does not precede `1.2.3`.
    public var direction: Direction {
        guard !old.isFloating, !new.isFloating else { return .other }
        let (first, second) = (VersionForm(old), VersionForm(new))
        if first.text == second.text {
            guard let pair = zip(first.numbers, second.numbers).first(where: { $0 != $1 }) else {
                return .other
            }
            return VersionForm.isLess(pair.0, pair.1) ? .newer : .older
        }
        guard let before = SemanticVersion(lenient: old.name),
            let after = SemanticVersion(lenient: new.name), before != after
        else { return .other }
        let isOneRelease =
            (before.major, before.minor, before.patch) == (after.major, after.minor, after.patch)
        guard !isOneRelease || Self.isPrerelease(before) || Self.isPrerelease(after) else {
            return .other
        }
        return before < after ? .newer : .older
    }

    static func isPrerelease(_ version: SemanticVersion) -> Bool {
        version.prerelease.first.map { isPrerelease(identifier: $0.text) } ?? false
    }

    /// Returns a Boolean value that indicates whether an identifier is that of a prerelease, not of
    /// a variant.
    static func isPrerelease(identifier: some StringProtocol) -> Bool {
        let word = identifier.lowercased()
        return ["rc", "alpha", "beta", "pre", "dev", "snapshot"].contains { word.hasPrefix($0) }
    }
}

/// A tag in which each number is replaced by `0`, and the numbers without leading zeros.
///
/// Tags of one form are versions of one variant: `1.2.3-alpine` and `1.10.0-alpine`.
struct VersionForm: Hashable {
    private(set) var text = ""
    private(set) var numbers: [Substring] = []

    /// Creates the form of a tag, without a leading `v`.
    init(_ tag: Tag) {
        var rest = Substring(tag.name)
        if rest.first == "v" { rest.removeFirst() }
        while let first = rest.first {
            guard first.isNumber else {
                text.append(rest.removeFirst())
                continue
            }
            let digits = rest.prefix(while: \.isNumber)
            rest = rest[digits.endIndex...]
            text += "0"
            numbers.append(digits.drop { $0 == "0" })
        }
    }

    /// Returns a Boolean value that indicates whether a number, without leading zeros, is less than
    /// another one.
    static func isLess(_ first: Substring, _ second: Substring) -> Bool {
        first.utf8.count == second.utf8.count
            ? first < second : first.utf8.count < second.utf8.count
    }
}

// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The tags of a repository that are newer versions of one tag, of the same variant.
///
/// Tags of the same form are compared: `1.2.3-alpine` with `1.10.0-alpine`, but neither with `1.10.0`
/// nor with `1.10-alpine`. A prerelease is also compared with releases. Floating tags, tags that
/// tools generate, and dates beside version numbers are never newer versions.
public struct NewerTags: Hashable, Sendable {
    /// The first number that differs from the tag.
    public enum Level: String, Hashable, Sendable, CaseIterable {
        /// The third number or a later one.
        case patch
        /// The second number.
        case minor
        /// The first number.
        case major
    }

    /// The newest tag of each level.
    public let newest: [Level: Tag]

    /// A Boolean value that indicates whether there is no newer version.
    public var isEmpty: Bool { newest.isEmpty }

    /// The maximum number of digits by which a first number can be longer; a date is longer.
    private static let digitLimit = 2

    /// Finds the newer versions of a tag.
    public init(than tag: Tag, among tags: [Tag]) {
        let form = VersionForm(tag)
        let release = Self.release(of: tag)
        var newest: [Level: Tag] = [:]
        let hasPrefix = tag.name.hasPrefix("v")
        for other in tags where Self.isVersion(other) && other.name.hasPrefix("v") == hasPrefix {
            let otherForm = VersionForm(other)
            guard otherForm.text == form.text || otherForm.text == release,
                VersionChange(from: tag, to: other)?.direction == .newer,
                let level = Self.level(of: otherForm, from: form)
            else { continue }
            if let best = newest[level],
                VersionChange(from: best, to: other)?.direction != .newer
            {
                continue
            }
            newest[level] = other
        }
        self.newest = newest
    }

    private static func isVersion(_ tag: Tag) -> Bool {
        !tag.isFloating && !tag.namesSubject && tag.retainedDigest == nil
    }

    /// Returns the form of the releases of a prerelease, of the same variant; `nil` for a release.
    private static func release(of tag: Tag) -> String? {
        guard let version = SemanticVersion(lenient: tag.name), VersionChange.isPrerelease(version)
        else { return nil }
        return VersionForm(tag).text.split(separator: "-")
            .filter { !VersionChange.isPrerelease(identifier: $0) }.joined(separator: "-")
    }

    /// Returns the level of the first number that differs; `nil` if the first one is that of a date.
    private static func level(of form: VersionForm, from old: VersionForm) -> Level? {
        let pairs = Array(zip(form.numbers, old.numbers))
        guard let first = pairs.first, first.0.count <= first.1.count + digitLimit else {
            return nil
        }
        switch pairs.firstIndex(where: { $0 != $1 }) {
        case 0: return .major
        case 1: return .minor
        case .some, nil: return .patch
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The values of a chart that its templates use for more than an image tag.
///
/// A label cannot contain `@` or `:`, and a version comparison fails on a digest.
public struct TagReuse: Hashable, Sendable {
    /// The paths of values below `.Values`; `nil` if every value can be one of them.
    private var paths: Set<[String]>? = []

    /// Creates the result for a chart that uses no tag for other purposes.
    public init() {}

    /// Scans the templates of a chart.
    public init(templates: [[UInt8]]) {
        paths = TemplateScanner.versions(in: templates)
    }

    /// Returns a Boolean value that indicates whether the value is used for other purposes.
    func uses(_ path: SitePath, key: String) -> Bool {
        guard let paths else { return true }
        return !paths.isEmpty && paths.contains(path.steps + [key])
    }
}

extension ImageReferenceSite {
    /// Returns the same site, with an obstacle if a digest after its tag would end up in a label.
    func checked(against reuse: TagReuse) -> ImageReferenceSite {
        guard shape == .tag || shape == .overlay,
            isTagReused || reuse.uses(path, key: "tag") || reuse.uses(path, key: "version")
        else { return self }
        var site = self
        site.reject(
            "the chart uses the tag as a version too: a digest after it would break the chart")
        return site
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The values of a chart that its templates use for more than an image tag.
///
/// A label cannot contain `@` or `:`, and a version comparison fails on a digest. Templates are not
/// parsed: a line that names the tag's value together with a version counts as such a use.
public struct TagReuse: Hashable, Sendable {
    /// The paths of values below `.Values`.
    private var paths: Set<String> = []

    /// Creates the result for a chart that uses no tag for other purposes.
    public init() {}

    /// Scans the templates of a chart.
    public init(templates: [[UInt8]]) {
        for template in templates {
            for line in template.split(separator: 0x0A) {
                collect(String(decoding: line, as: UTF8.self))
            }
        }
    }

    private mutating func collect(_ line: String) {
        guard line.contains(".Values."), !line.contains("image:"), !line.contains("image="),
            line.contains("ersion") || line.contains("semver")
        else { return }
        for start in line.ranges(of: ".Values.") {
            let rest = line[start.upperBound...]
            paths.insert(
                String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" }))
        }
    }

    /// Returns a Boolean value that indicates whether the value is used for other purposes.
    func uses(_ path: SitePath, key: String) -> Bool {
        !paths.isEmpty && paths.contains((path.steps + [key]).joined(separator: "."))
    }
}

extension ImageReferenceSite {
    /// Returns the same site, with an obstacle if a digest after its tag would end up in a label.
    func checked(against reuse: TagReuse) -> ImageReferenceSite {
        guard shape == .tag, reuse.uses(path, key: "tag") || reuse.uses(path, key: "version") else {
            return self
        }
        var site = self
        site.reject(
            "the chart uses the tag as a version too: a digest after it would break the chart")
        return site
    }
}

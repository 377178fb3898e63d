// SPDX-License-Identifier: Apache-2.0

/// Where a chart's templates use an image's tag for something else than the image.
///
/// A label may hold neither `@` nor `:`, and a comparison of versions fails on a digest. A template is
/// not parsed: a line that names the tag's value together with a version is taken for such a use.
public struct TagReuse: Hashable, Sendable {
    /// The paths of values below `.Values`.
    private var paths: Set<String> = []

    /// Makes a chart that uses no tag for anything else.
    public init() {}

    /// Looks through a chart's templates.
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

    /// Whether the value is used for something else.
    func uses(_ path: SitePath, key: String) -> Bool {
        !paths.isEmpty && paths.contains((path.steps + [key]).joined(separator: "."))
    }
}

extension ImageReferenceSite {
    /// The same site, refused where a digest behind its tag would end in a label.
    func checked(against reuse: TagReuse) -> ImageReferenceSite {
        guard shape == .tag, reuse.uses(path, key: "tag") || reuse.uses(path, key: "version") else {
            return self
        }
        var site = self
        site.refuse("the chart uses the tag as a version too: a digest behind it would break it")
        return site
    }
}

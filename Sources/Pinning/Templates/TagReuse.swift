// SPDX-License-Identifier: Apache-2.0

/// The values of a chart that its templates use for more than an image tag.
///
/// A label cannot contain `@` or `:`, and a version comparison fails on a digest.
public struct TagReuse: Hashable, Sendable {
    /// The use of a tag by the templates of a chart.
    enum Use: Hashable, Comparable, Sendable {
        /// Only in images.
        case image
        /// Unknown, because not all templates that may use it are read.
        case unknown
        /// As a part of a tag, with text of a template.
        case part
        /// In a label, a name or a version too.
        case version
    }

    /// The paths of values below `.Values`, without wildcards.
    private var paths: Set<[String]> = []
    /// The paths in which `*` is any step.
    private var patterns: Set<[String]> = []
    /// The beginnings of the paths of values whose use is unknown, in which `*` is any step.
    private var unknown: Set<[String]> = []
    private var isComplete = true
    /// The images that the templates combine, by the paths of their tags and digests; for paths with a
    /// wildcard, by the last key.
    private var combinations: [[String]: Set<TagCombination>] = [:]

    /// Creates the result for a chart that uses no tag for other purposes.
    public init() {}

    /// Scans the templates of a chart.
    ///
    /// - Parameters:
    ///   - templates: The templates.
    ///   - libraries: The templates of its dependencies, whose named templates it can include.
    ///   - values: The values of the chart, which `tpl` can evaluate as templates.
    ///   - isComplete: A Boolean value that indicates whether these are all templates.
    public init(
        templates: [[UInt8]], libraries: [[UInt8]] = [], values: [UInt8]? = nil,
        isComplete: Bool = true
    ) {
        let scanner = TemplateScanner(templates, libraries: libraries, values: values)
        let words = TemplateWords(scanner)
        let versions = VersionPaths(scanner, changes: words.changes)
        let wildcard = String(TemplateValue.anyStep)
        let unknown = versions.paths.filter { $0.last == String(TemplateValue.anyPath) }
        self.unknown = Set(unknown.map { Array($0.dropLast()) })
        let known = versions.paths.subtracting(unknown)
        patterns = known.filter { $0.contains(wildcard) }
        paths = known.subtracting(patterns)
        for combination in words.all.lazy.flatMap(TagCombination.all) {
            for path in combination.tags.paths {
                let key = path.contains(wildcard) ? Array(path.suffix(1)) : path
                combinations[key, default: []].insert(combination)
            }
        }
        self.isComplete =
            isComplete && versions.isComplete && words.isComplete
            && !words.all.contains(where: TagCombination.hidesTag)
    }

    /// Returns the use of the value at a path.
    func use(of path: [String]) -> Use {
        if paths.contains(path) { return .version }
        if patterns.contains(where: { $0.count == path.count && Self.begins(path, with: $0) }) {
            return .version
        }
        let combinations = combinations(withTagAt: path)
        if combinations.contains(where: \.isComposed) { return .part }
        let isKnown =
            isComplete && !combinations.contains(where: \.isIncomplete)
            && !unknown.contains { Self.begins(path, with: $0) }
        return isKnown ? .image : .unknown
    }

    /// Returns the images that the templates combine with the tag or the digest at a path.
    func combinations(withTagAt path: [String]) -> [TagCombination] {
        let exact = combinations[path] ?? []
        let patterns = combinations[Array(path.suffix(1))] ?? []
        return exact.union(patterns).compactMap { $0.bound(to: path) }
    }

    /// Returns a Boolean value that indicates whether a path begins with the steps of a pattern.
    private static func begins(_ path: [String], with pattern: [String]) -> Bool {
        pattern.count <= path.count
            && zip(pattern, path).allSatisfy { $0 == TemplateValue.anyStep || $0 == $1 }
    }
}

extension ImageReferenceSite {
    /// Returns the same site, with an obstacle if a digest after its tag could break the chart.
    ///
    /// A rule with the shape `tag` decides that the chart accepts it.
    func checked(against reuse: TagReuse) -> ImageReferenceSite {
        guard shape == .tag || shape == .overlay, !isTagPermitted else { return self }
        var site = self
        switch tagUse == .image ? reuse.use(of: tagPath.steps) : tagUse {
        case .image: break
        case .version:
            site.reject(
                "the chart also uses the tag as a label or version: use a digest key or a rule",
                as: .reusedTag)
        case .part:
            site.reject(
                "the chart adds text to the tag: use a digest key or a rule", as: .reusedTag)
        case .unknown:
            site.reject(
                "not all templates of the chart were read: if its tags can have digests, add a rule "
                    + "with 'shape: tag'",
                as: .unknownTagUse)
        }
        return site
    }
}

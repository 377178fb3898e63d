// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// The use of tags and digests by the templates of a chart: in versions, and for several images.
extension BaseFinder {
    /// Returns the use of the tag at a path of values by the templates of the chart and its subcharts.
    func use(ofTagAt keys: [String]) -> TagReuse.Use {
        chart.map { use(of: keys[...], inChart: $0, depth: 0) } ?? .image
    }

    private func use(
        of keys: ArraySlice<String>, inChart directory: String, depth: Int
    ) -> TagReuse.Use {
        let use = files.tagReuse(ofChartIn: directory).use(of: Array(keys))
        guard use != .version, depth < Self.nesting, let first = keys.first else { return use }
        if first == "global" {
            let charts = files.dependencies(ofChartIn: directory).keys
            let uses = charts.flatMap { subcharts($0, of: directory) }
                .map { self.use(of: keys, inChart: $0, depth: depth + 1) }
            return max(use, uses.max() ?? use)
        }
        let uses = subcharts(first, of: directory)
            .map { self.use(of: keys.dropFirst(), inChart: $0, depth: depth + 1) }
        return max(use, uses.max() ?? use)
    }

    /// The values of the overlay, which apply before those of the files below.
    struct OwnValues {
        let root: YAMLNode
        let anchors: Anchors
        /// The values that apply before them.
        var overlay: RepositoryFiles.Values?
    }

    /// A use of the tag, or the digest, of an image that a digest does not permit.
    enum TagConflict {
        /// The chart uses it for another image too; its name is the path of its value or the text of a
        /// template.
        case otherImage(String)
        /// The chart adds the value at a path to it.
        case extended(by: String)
    }

    /// Returns a use of the tag, or the digest, of an image by the chart that a digest does not permit; `nil`
    /// if there is none.
    ///
    /// - Parameters:
    ///   - site: The image.
    ///   - keys: The path of its tag or digest.
    ///   - values: The values of the file.
    /// - Returns: The use.
    mutating func conflict(
        of site: ImageReferenceSite, withTagAt keys: [String], in values: OwnValues
    ) -> TagConflict? {
        guard let chart, let image = site.image?.repository else { return nil }
        let combinations = combinations(withTagAt: keys[...], inChart: chart, depth: 0)
        guard !combinations.isEmpty else { return nil }
        func conflict(
            in combinations: [TagCombination], with layer: OwnValues
        ) -> TagConflict? {
            let lookup = ValueLookup(finder: self, own: layer)
            return combinations.lazy.compactMap {
                lookup.conflict(in: $0, with: image, of: site, tag: keys)
            }.first
        }
        if let conflict = conflict(in: combinations, with: values) { return conflict }
        for overlay in overlays.map(\.values)
        where Self.nodes(at: keys[...], below: overlay.root, overlay.anchors).isEmpty {
            let changed = Set(MergedMapping(overlay.root, overlay.anchors).allKeys)
            let concerned = combinations.filter { combination in
                combination.values.contains { path in
                    path != keys && (changed.contains(path[0]) || path[0] == TemplateValue.anyStep)
                }
            }
            let layer = OwnValues(root: values.root, anchors: values.anchors, overlay: overlay)
            if let conflict = conflict(in: concerned, with: layer) { return conflict }
        }
        return nil
    }

    /// Returns the combinations with a tag in the templates of a chart and its subcharts.
    private func combinations(
        withTagAt keys: ArraySlice<String>, inChart directory: String, depth: Int
    ) -> [TagCombination] {
        let own = files.tagReuse(ofChartIn: directory).combinations(withTagAt: Array(keys))
        guard depth < Self.nesting, let first = keys.first else { return own }
        if first == "global" {
            return own
                + files.dependencies(ofChartIn: directory).keys.sorted().flatMap { name in
                    subcharts(name, of: directory).flatMap {
                        combinations(withTagAt: keys, inChart: $0, depth: depth + 1)
                    }.map { $0.below([name]) }
                }
        }
        return own
            + subcharts(first, of: directory).flatMap {
                combinations(withTagAt: keys.dropFirst(), inChart: $0, depth: depth + 1)
            }.map { $0.below([first]) }
    }

    /// Returns the values at a path, in the nearest file that has one; with wildcards, those of all files.
    fileprivate func nodes(at keys: [String], under own: OwnValues) -> [YAMLNode] {
        let isPattern = keys.contains(String(TemplateValue.anyStep))
        var found =
            own.overlay.map { Self.nodes(at: keys[...], below: $0.root, $0.anchors) } ?? []
        if isPattern || found.isEmpty {
            found += Self.nodes(at: keys[...], below: own.root, own.anchors)
        }
        for source in sources where isPattern || found.isEmpty {
            switch source {
            case .file(let path): found += nodes(at: keys[...], in: path)
            case .subcharts(let directory):
                guard let first = keys.first else { continue }
                for chart in subcharts(first, of: directory) where isPattern || found.isEmpty {
                    found += nodes(at: keys.dropFirst(), in: "\(chart)values.yaml")
                }
            }
        }
        return found
    }

    private func nodes(at keys: ArraySlice<String>, in path: String) -> [YAMLNode] {
        guard path != file, let values = files.values(in: path) else { return [] }
        return Self.nodes(at: keys, below: values.root, values.anchors)
    }

    static func nodes(
        at keys: ArraySlice<String>, below node: YAMLNode, _ anchors: Anchors
    ) -> [YAMLNode] {
        guard let node = anchors.resolve(node) else { return [] }
        guard let key = keys.first else { return [node] }
        let rest = keys.dropFirst()
        if let items = node.items {
            return items.enumerated().filter { index, item in
                key == TemplateValue.anyStep
                    || SitePath().appending(element: item, at: index).lastStep == key
            }.flatMap { nodes(at: rest, below: $0.element, anchors) }
        }
        if key == TemplateValue.anyStep {
            return (node.entries ?? []).flatMap { nodes(at: rest, below: $0.value, anchors) }
        }
        let value = node[key] ?? (node["<<"] == nil ? nil : MergedMapping(node, anchors)[key])
        return value.map { nodes(at: rest, below: $0, anchors) } ?? []
    }
}

/// Decides with the values of all files which images a chart combines with a tag.
private struct ValueLookup {
    let finder: BaseFinder
    let own: BaseFinder.OwnValues

    private func texts(at path: [String]) -> [String] {
        finder.nodes(at: path, under: own).compactMap(MergedMapping.text)
    }

    /// Returns a use of the tag of an image in a combination that a digest does not permit; `nil` if there
    /// is none.
    func conflict(
        in combination: TagCombination, with image: Repository, of site: ImageReferenceSite,
        tag: [String]
    ) -> BaseFinder.TagConflict? {
        guard combination.conditions.allSatisfy(isPossible) else { return nil }
        let names = combination.names
        if names.isOrdered || names.sources.count < 2, combination.tags.isOrdered {
            let preceding = combination.tags.paths.prefix { $0 != tag }
            guard !preceding.contains(where: isSet) else { return nil }
        }
        if !site.isTagPermitted, let path = affix(of: combination) {
            return .extended(by: path.joined(separator: "."))
        }
        return otherName(in: combination, than: image, of: site, tag: tag)
            .map(BaseFinder.TagConflict.otherImage)
    }

    /// Returns the path of a value that the chart adds to the tag; `nil` if all are empty.
    private func affix(of combination: TagCombination) -> [String]? {
        combination.affixes.lazy.flatMap(\.paths).first { path in
            // White space ends the tag.
            texts(at: path).contains { !($0.first?.isWhitespace ?? true) }
        }
    }

    /// Returns the name of an image with the tag that is not the image of the site; `nil` if there is
    /// none.
    private func otherName(
        in combination: TagCombination, than image: Repository, of site: ImageReferenceSite,
        tag: [String]
    ) -> String? {
        let names = combination.names
        if names.sources.isEmpty {
            if combination.text.isEmpty { return nil }
            return Self.isEnd(combination.text, of: image) ? nil : combination.text
        }
        if let ending = ending(of: combination) {
            return (names.paths.first?.joined(separator: ".") ?? "") + ending
        }
        for source in names.sources {
            let result: NameUse =
                switch source {
                case .value(let path):
                    use(ofNameAt: path, in: combination, image, site, tag: tag)
                case .text(let text):
                    isSame(text + combination.text, in: combination, image, site)
                        ? .same : .other(text + combination.text)
                }
            switch result {
            case .other(let name): return name
            // The first value of several is used.
            case .same where names.isOrdered: return nil
            case .same, .unused, .sameInElements: continue
            }
        }
        return nil
    }

    /// Returns the text that a value after the name adds to it; `nil` if there is none.
    private func ending(of combination: TagCombination) -> String? {
        combination.endings.sources.lazy.compactMap { source in
            switch source {
            case .value(let path): texts(at: path).first
            case .text(let text): text
            }
        }.first
    }

    /// The use of a name in a combination with the tag of an image.
    private enum NameUse {
        /// The name is that of another image.
        case other(String)
        case same
        /// The name is that of the image in each element that has one.
        case sameInElements
        /// There is no name.
        case unused
    }

    private func use(
        ofNameAt path: [String], in combination: TagCombination, _ image: Repository,
        _ site: ImageReferenceSite, tag: [String]
    ) -> NameUse {
        let names = combination.names
        let values = texts(at: path)
        if values.isEmpty, names.sources.count > 1 || isUnused(path) { return .unused }
        if !values.isEmpty, names.composed.contains(path) {
            return .other("\(path.joined(separator: ".")) with other text")
        }
        if !isOwn(path, of: site, tag: tag, combination.text),
            names.isOrdered || !hasOwnTag(path, among: combination.tags, like: tag),
            values.isEmpty
                || values.contains(where: {
                    !isSame($0 + combination.text, at: path, in: combination, image, site)
                })
        {
            return .other(path.joined(separator: ".") + combination.text)
        }
        return path.contains(String(TemplateValue.anyStep)) ? .sameInElements : .same
    }

    /// Returns a Boolean value that indicates whether a value is never missing, so that no later one is
    /// used; at a path with a wildcard, each element must have it.
    private func isSet(_ path: [String]) -> Bool {
        let count = texts(at: path).count
        guard count > 0, let wildcard = path.lastIndex(of: String(TemplateValue.anyStep)) else {
            return count > 0
        }
        return count >= finder.nodes(at: Array(path[...wildcard]), under: own).count
    }

    /// Returns a Boolean value that indicates whether a value is one that another file, or another
    /// release, changes to enable or disable a component.
    private static func isSwitch(_ node: YAMLNode) -> Bool {
        guard case .scalar(_, .plain) = node.kind, let text = MergedMapping.text(node) else {
            return false
        }
        return ["true", "false", "0"].contains(text.lowercased())
    }

    private func isPossible(_ condition: TagCombination.Condition) -> Bool {
        let texts = condition.values.paths.lazy.flatMap { finder.nodes(at: $0, under: own) }
            .filter { MergedMapping.text($0) != nil }
        if condition.isEmpty { return texts.allSatisfy(Self.isSwitch) }
        return !texts.isEmpty || condition.values.paths.contains(where: hasContent)
    }

    /// Returns a Boolean value that indicates whether there is no name: a file states that, or no file
    /// has a mapping for it, as for an optional component.
    private func isUnused(_ path: [String]) -> Bool {
        guard finder.nodes(at: path, under: own).isEmpty else { return true }
        return path.count > 1 && !hasContent(path.dropLast())
    }

    /// Returns a Boolean value that indicates whether a value is a mapping or a list with content.
    private func hasContent(_ path: [String]) -> Bool {
        finder.nodes(at: path, under: own).contains { node in
            !(node.entries?.isEmpty ?? true) || !(node.items?.isEmpty ?? true)
        }
    }

    /// Returns a Boolean value that indicates whether a value is the name, or a part of the name, of the
    /// image of the site.
    private func isOwn(
        _ name: [String], of site: ImageReferenceSite, tag: [String], _ text: String
    ) -> Bool {
        guard text.isEmpty, name.dropLast() == tag.dropLast(), let key = name.last else {
            return false
        }
        return ImageKeys.repository.contains(key) || key == site.path.key
    }

    /// Returns a Boolean value that indicates whether the mapping of a name has a tag of its own.
    ///
    /// Of values in an unknown order, those in one mapping belong together.
    private func hasOwnTag(
        _ name: [String], among tags: TagCombination.Alternatives, like tag: [String]
    ) -> Bool {
        !tags.isOrdered
            && tags.paths.contains { other in
                other.dropLast() == name.dropLast() && other != tag && !texts(at: other).isEmpty
            }
    }

    /// Returns a Boolean value that indicates whether a name is that of the image of the site, with each
    /// registry that it can have.
    private func isSame(
        _ text: String, at path: [String]? = nil, in combination: TagCombination,
        _ image: Repository, _ site: ImageReferenceSite
    ) -> Bool {
        registries(at: path, in: combination).allSatisfy { registry in
            if text == site.repository?.text, registry == site.registry?.text ?? "" { return true }
            let hasRegistry = registry.isEmpty || ImageText.hasRegistry(text)
            let whole = hasRegistry ? text : "\(ImageComposer.trimmed(registry))/\(text)"
            return ImageText.reference(whole)?.repository == image
        }
    }

    /// Returns the registries that a name can have: that of its mapping, or those of the template.
    private func registries(at path: [String]?, in combination: TagCombination) -> [String] {
        let stated = combination.registries.sources.lazy.compactMap { source in
            switch source {
            case .value(let path): texts(at: path).first
            case .text(let text): text
            }
        }
        if combination.registries.isOrdered, let first = stated.first { return [first] }
        if let path, let own = texts(at: path.dropLast() + ["registry"]).first { return [own] }
        return stated.isEmpty ? [""] : Array(stated)
    }

    private static func isEnd(_ text: String, of image: Repository) -> Bool {
        if text.hasPrefix("/") { return "/\(image.description)".hasSuffix(text) }
        return ImageText.reference(text)?.repository == image
    }
}

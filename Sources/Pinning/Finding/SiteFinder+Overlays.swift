// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Tags and digests in overlays, whose repositories are in the chart or in a file below.
extension SiteFinder {
    /// Reads `image: {tag: 1.3.9}`, in which the repository is defined elsewhere.
    mutating func claimOverlay(
        _ mapping: MergedMapping, at path: SitePath, _ rule: PinRules.Rule?
    ) -> Claims? {
        let isImage = ImageText.isImageKey(path.key ?? "")
        let names = ImageKeys.repository.filter { $0 != "repo" || isImage }
        guard names.allSatisfy({ mapping.text($0) == nil }), mapping.text("hub") == nil,
            let (key, node) = mapping.first(of: ImageKeys.overlay + ImageKeys.dependentTag),
            mapping.owns(key), node.text != nil
        else { return nil }
        // A version at the root is usually that of the file.
        guard path.count > state.valuesDepth || ImageKeys.overlay.contains(key) else {
            return nil
        }
        let rule = rule ?? fieldRule(at: path)
        let base = baseImage(at: path, under: mapping)
        guard
            base.isFound || rule?.id != nil || isDirected(mapping)
                || (isImage && ImageKeys.overlay.contains(key) && MergedMapping.text(node) != nil)
                || (key == "tag" && !ImageText.isImagesKey(path.key ?? "")
                    && isProbableVersion(node, in: mapping))
        else { return nil }
        return addOverlay(mapping, at: path, base: base, rule: rule)
    }

    /// Returns a Boolean value that indicates whether a directive identifies the tag or the digest of a
    /// mapping.
    private func isDirected(_ mapping: MergedMapping) -> Bool {
        let directives = found.fragments[fragment].directives
        guard !directives.isEmpty else { return false }
        if state.directive?.range == mapping.node.range { return true }
        return (ImageKeys.overlay + ImageKeys.dependentTag).contains { key in
            guard mapping.owns(key), let node = mapping[key], node.text != nil else { return false }
            return directives.directive(forLine: node.mark.line).map { !$0.isSkip } ?? false
        }
    }

    /// Returns a Boolean value that indicates whether a text whose key does not tell is the version of
    /// an image: the lock file has it, and nothing else in the mapping can have a version.
    private func isProbableVersion(_ node: YAMLNode, in mapping: MergedMapping) -> Bool {
        // The value of an anchor is used elsewhere.
        // A digest after the version does not change the decision.
        guard let lock, !isInResource, node.anchor == nil, let text = MergedMapping.text(node),
            lock.hasVersion(String(text.prefix { $0 != "@" }))
        else { return false }
        let others = ["url", "repoURL", "repo", "git", "branch", "commit", "chart", "settings"]
        return others.allSatisfy { mapping[$0] == nil } && !state.hasJobs
    }

    /// Reads `webTag: 1.3.9`, beside which a file below has `webImage`.
    ///
    /// - Returns: The keys that were read.
    mutating func claimSiblingOverlays(
        _ mapping: MergedMapping, at path: SitePath, except others: Claims
    ) -> Claims {
        var claims = Claims()
        guard !isInResource else { return claims }
        for entry in mapping.node.entries ?? [] {
            guard let key = entry.key.text, ImageKeys.shape(of: key) == .tag, key != "tag",
                !others.contains(key), let node = mapping[key], MergedMapping.text(node) != nil,
                rules.rule(for: path.appending(key: key)) == nil
            else { continue }
            let base = baseSibling(ofTag: key, at: path, under: mapping)
            guard base.isFound || isProbableTag(key, node, in: mapping) else { continue }
            claims.keys.insert(key)
            addSiblingOverlay(key, node, of: mapping, at: path, base: base, &claims)
        }
        return claims
    }

    /// Returns a Boolean value that indicates whether a key or its value is that of an image's tag in a
    /// values file, and not a variable of a pipeline.
    private func isProbableTag(_ key: String, _ node: YAMLNode, in mapping: MergedMapping) -> Bool {
        guard key.contains(where: \.isLowercase), !ImageText.isTemplate(node.text ?? ""),
            !ImageKeys.isOfOther(String(key.dropLast("tag".count)))
        else { return false }
        return ImageKeys.isImageTag(key)
            || (!key.hasSuffixIgnoringCase("version") && isProbableVersion(node, in: mapping))
    }

    private mutating func addSiblingOverlay(
        _ key: String, _ node: YAMLNode, of mapping: MergedMapping, at path: SitePath,
        base: BaseFinder.Result, _ claims: inout Claims
    ) {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path.appending(key: key), shape: .tag,
            at: node)
        site.tag = Field(node: node)
        site.tagPath = site.path
        site.precedingKey = key
        if case .found(let image) = base, let digestKey = image.digestKey {
            site.mapping = mapping.node
            site.digestKey = digestKey
            if let digest = mapping[digestKey] {
                site.digest = Field(node: digest)
                site.shape = .digest
                claims.keys.insert(digestKey)
            }
        }
        complete(&site, with: base)
        if case .found(let image) = base, site.missingIDReason == nil, !hasValues(over: image.file)
        {
            site.missingIDReason =
                "the file is not known to have values of \(image.file): add '# ocimirror: ID' or a rule"
            site.isUncertain = true
        }
        add(site)
    }

    /// Returns a Boolean value that indicates whether this file is an overlay of a file with values: by
    /// its name, or because it is a resource with values.
    private func hasValues(over base: String) -> Bool {
        state.valuesDepth > 0 || ValuesFile.isNamed(file)
            || base.split(separator: "/").last == file.split(separator: "/").last
    }

    private mutating func baseSibling(
        ofTag key: String, at path: SitePath, under mapping: MergedMapping
    ) -> BaseFinder.Result {
        guard let keys = valuesKeys(of: path) else { return .missing }
        let scope = state.values
        return withBases { $0.sibling(ofTag: key, at: keys, under: mapping, in: scope) }
            ?? .missing
    }

    /// Adds the tag or the digest of an image whose repository is not beside it.
    ///
    /// - Parameters:
    ///   - mapping: The mapping with the tag.
    ///   - path: The path of the mapping.
    ///   - base: The result of looking the image up in the files below.
    ///   - rule: The rule for the mapping.
    /// - Returns: The keys that were read.
    @discardableResult
    mutating func addOverlay(
        _ mapping: MergedMapping, at path: SitePath, base: BaseFinder.Result,
        rule: PinRules.Rule?
    ) -> Claims? {
        let tagKeys = ImageKeys.tag + ImageKeys.dependentTag
        guard let anchor = mapping.first(of: ImageKeys.overlay + tagKeys)?.value else { return nil }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .tag, at: anchor)
        site.mapping = mapping.isExtensible ? mapping.node : nil
        var reader = ImageMappingReader(
            mapping, at: path, in: state.values, rule: rule)
        reader.readTag(tagKeys, into: &site)
        reader.readDigest(into: &site)
        reader.readOptions(into: &site)
        site.precedingKey = (ImageKeys.overlay + tagKeys).first(where: mapping.owns)
        site.apply(rule)
        complete(&site, with: base)
        var claims = reader.claims
        addOverride(of: mapping, at: path, to: &site, &claims)
        add(site, rule: rule)
        return claims
    }

    /// Adds a tag that stands alone, such as the value of a patch.
    mutating func addTag(_ node: YAMLNode, at path: SitePath) {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .tag, at: node)
        site.tag = Field(node: node)
        complete(&site, with: .missing)
        add(site)
    }

    /// Sets the image of a site, with the repository of a file below.
    private func complete(_ site: inout ImageReferenceSite, with base: BaseFinder.Result) {
        let stated = site.tag?.text ?? ""
        let suffix = site.suffix.map { "-\($0.text)" } ?? ""
        guard !ImageText.isTemplate(stated + (site.digest?.text ?? "")) else {
            return site.skipTemplate()
        }
        let parsed = ImageText.reference("image:\(stated)\(stated.contains("@") ? "" : suffix)")
        guard stated.isEmpty || parsed != nil else { return site.reject("invalid tag") }
        guard case .found(let base) = base else {
            site.siblingTag = parsed?.tag
            site.missingIDReason = Self.missingIDReason(after: base)
            if site.shape == .tag { site.shape = .overlay }
            return
        }
        site.repositoryFile = base.file
        site.tagUse = base.tagUse
        site.missingIDReason = (base.uncertainty ?? tagKeyUncertainty(of: site, in: base)).map {
            "\($0): add '# ocimirror: ID' or a rule"
        }
        site.isUncertain = site.missingIDReason != nil
        if site.digest == nil, site.mapping != nil, let shape = base.digestShape {
            site.shape = shape
        }
        site.image = Reference(
            base.repository, tag: site.tag == nil ? base.tag : parsed?.tag,
            digest: parsed?.digest ?? site.statedDigest)
    }

    /// Returns the reason for which the tag is not known to be that of an image of another file: the
    /// other file has the tag in another key, or none, and the key may have other uses.
    private func tagKeyUncertainty(of site: ImageReferenceSite, in base: BaseImage) -> String? {
        guard let key = site.tagPath.key, site.tag != nil, key != base.tagKey else { return nil }
        if let other = base.tagKey { return "\(base.file) has the tag in '\(other)'" }
        return ImageKeys.dependentTag.contains(key) ? "'\(key)' may have other uses" : nil
    }

    private static func missingIDReason(after result: BaseFinder.Result) -> String {
        let place: String
        switch result {
        case .found, .missing: return ImageComposer.elsewhere("repository")
        case .incomplete(let file): place = "\(file) does not name the whole repository"
        case .uncertain(let reason): place = reason
        case .packaged(let chart): place = "the chart '\(chart)' is not unpacked"
        case .limited: place = "the file has too many tags to look up their repositories"
        }
        return "\(place): add '# ocimirror: ID' or a rule"
    }

    /// Returns the image that a file below has at a path of the innermost values tree.
    private mutating func baseImage(
        at path: SitePath, under mapping: MergedMapping
    ) -> BaseFinder.Result {
        guard let keys = valuesKeys(of: path) else { return .missing }
        return baseImage(at: keys, under: mapping)
    }

    /// Calls a closure with the finder of images in the files below; `nil` without such files.
    mutating func withBases<Value>(_ body: (inout BaseFinder) -> Value) -> Value? {
        guard let files = context.files else { return nil }
        let chart = state.chart
        var finder = bases[chart] ?? BaseFinder(files: files, file: file, chart: chart)
        bases[chart] = nil
        defer { bases[chart] = finder }
        return body(&finder)
    }

    /// Returns the path of a value in the innermost values tree; `nil` for one that a chart has no
    /// values for, such as an element of a list.
    func valuesKeys(of path: SitePath) -> [String]? {
        guard context.files != nil else { return nil }
        let keys = Array(path.steps.dropFirst(state.valuesDepth))
        return keys.contains { $0.hasPrefix("[") } ? nil : keys
    }

    /// Returns the image that a file below has at a path of values.
    mutating func baseImage(
        at keys: [String], under mapping: MergedMapping
    ) -> BaseFinder.Result {
        let scope = state.values
        return withBases { $0.image(at: keys, under: mapping, in: scope) } ?? .missing
    }

    /// Returns the use of a tag by the chart whose values the document has.
    mutating func use(ofTagAt path: SitePath) -> TagReuse.Use {
        guard !isInResource, path.count > state.valuesDepth else { return .image }
        let keys = Array(path.steps.dropFirst(state.valuesDepth))
        return withBases { $0.use(ofTagAt: keys) } ?? .image
    }

    /// Returns the obstacle to a digest that the chart would also use for another image, or to which it
    /// would add text.
    mutating func tagConflict(of site: ImageReferenceSite) -> Obstacle? {
        guard !isInResource, site.image != nil, site.tagPath.count > state.valuesDepth
        else { return nil }
        if let reason = overlay(of: site) { return Obstacle(kind: .sharedTag, reason: reason) }
        let root =
            mappings.indices.contains(state.outerMappingsOfValues)
            ? mappings[state.outerMappingsOfValues] : state.root
        let values = BaseFinder.OwnValues(root: root, anchors: anchors)
        let digestKeys = site.digestKey.map { [$0] } ?? ImageKeys.digest + ImageKeys.sha
        let mapping = site.digestKey == nil ? site.path : site.path.parent ?? SitePath()
        let (kind, paths) =
            site.shape == .tag
            ? ("tag", [site.tagPath]) : ("digest", digestKeys.map(mapping.appending(key:)))
        for path in paths {
            let keys = Array(path.steps.dropFirst(state.valuesDepth))
            switch withBases({ $0.conflict(of: site, withTagAt: keys, in: values) }) ?? nil {
            case .otherImage(let other):
                return Obstacle(
                    kind: .sharedTag,
                    reason:
                        "the chart also uses the \(kind) for '\(other)': give each image its own "
                        + kind)
            case .extended(let path):
                return Obstacle(
                    kind: .reusedTag,
                    reason:
                        "the chart adds the value of '\(path)' to the tag: use a digest key or a rule"
                )
            case nil: continue
            }
        }
        return nil
    }

    /// Returns the shape that the file below an image with a repository and a tag requires for the digest;
    /// `nil` if there is none, or if a rule decides.
    mutating func digestShapeBelow(_ site: ImageReferenceSite) -> ImageShape? {
        guard site.shape == .tag, !site.isTagPermitted, site.repository != nil, site.digest == nil,
            site.mapping != nil, !isInResource, let parent = site.tagPath.parent,
            let keys = valuesKeys(of: parent), parent == site.path
        else { return nil }
        return withBases { $0.digestShape(at: keys) } ?? nil
    }

    /// A Boolean value that indicates whether the innermost tree is a resource, and not the values of
    /// a chart.
    var isInResource: Bool {
        state.valuesDepth == 0 && !resource.apiVersion.isEmpty
    }
}

extension BaseFinder.Result {
    /// A Boolean value that indicates whether a file names an image.
    var isFound: Bool {
        switch self {
        case .found, .incomplete, .uncertain, .limited: true
        case .packaged, .missing: false
        }
    }
}

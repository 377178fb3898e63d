// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// The keys of a mapping that belong to an image, so they are not visited separately.
struct Claims: Hashable {
    var keys: Set<String> = []
    var isAll = false

    static let all = Claims(isAll: true)

    func contains(_ key: String) -> Bool { isAll || keys.contains(key) }
}

extension SiteFinder {
    /// Finds images that consist of several keys of a mapping.
    mutating func claim(_ node: YAMLNode, at path: SitePath) -> Claims {
        let rule = rules.rule(for: path)
        guard rule != nil || Self.mayNameImage(node) else {
            return claimParameters(of: node, at: path)
        }
        if path.key?.hasSuffix("nnotations") ?? false { return claimAnnotations(node, at: path) }
        // The names of parameters are paths, and not the keys of one image; others can be beside them.
        var parameters = claimParameters(of: node, at: path)
        guard parameters.keys.isEmpty else {
            let mapping = MergedMapping(node, anchors)
            parameters.keys.formUnion(claimSiblings(mapping, at: path, except: parameters).keys)
            return parameters
        }
        let claims = claim(MergedMapping(node, anchors), at: path, rule)
        return rule?.form == .skip ? .all : claims
    }

    /// Reads annotations such as `config.linkerd.io/proxy-image` beside
    /// `config.linkerd.io/proxy-version`.
    private mutating func claimAnnotations(_ node: YAMLNode, at path: SitePath) -> Claims {
        let keys = (node.entries ?? []).compactMap(\.key.text)
        let others = Claims(keys: Set(keys.filter { !DigestPlacement.isPulled(annotation: $0) }))
        return claimSiblings(MergedMapping(node, anchors), at: path, except: others)
    }

    private mutating func claim(
        _ mapping: MergedMapping, at path: SitePath, _ rule: PinRules.Rule?
    ) -> Claims {
        if let claims = claimKustomization(mapping, at: path) { return claims }
        if let claims = claimSource(mapping, at: path) { return claims }
        if let claims = claimPatch(mapping, at: path) { return claims }
        if let claims = claimVariable(mapping, at: path) { return claims }
        if let claims = claimWrapped(mapping, at: path) { return claims }
        if var claims = claimPair(mapping, at: path, rule) {
            claims.keys.formUnion(claimSiblings(mapping, at: path, except: claims).keys)
            return claims
        }
        if var claims = claimOverlay(mapping, at: path, rule) {
            claims.keys.formUnion(claimSiblings(mapping, at: path, except: claims).keys)
            return claims
        }
        if let claims = claimShared(mapping, at: path) { return claims }
        return claimSiblings(mapping, at: path, except: Claims())
    }

    /// Returns a Boolean value that indicates whether a mapping has a key that every image mapping
    /// has, or merges other mappings.
    ///
    /// Most mappings have none and need no further checks.
    private static func mayNameImage(_ node: YAMLNode) -> Bool {
        let entries = node.entries ?? []
        func isImage(_ key: String) -> Bool { ImageText.isImageKey(key) }
        return entries.indices.contains { index in
            guard let key = entries[index].key.text else { return false }
            // The last character decides for most keys.
            switch key.utf8.last.map({ $0 | 0x20 }) {
            case UInt8(ascii: "e"): return key == "name" || key == "reference" || isImage(key)
            case UInt8(ascii: "g"): return key.hasSuffixIgnoringCase("tag")
            case UInt8(ascii: "y"): return key.hasSuffixIgnoringCase("repository")
            case UInt8(ascii: "n"): return key.hasSuffixIgnoringCase("version")
            case UInt8(ascii: "t"): return key == "digest"
            case UInt8(ascii: "a"): return key == "sha"
            case UInt8(ascii: "s"): return key == "images"
            case UInt8(ascii: "f"): return key == "ref"
            case UInt8(ascii: "p"): return key == "op"
            case UInt8(ascii: "l"), UInt8(ascii: "i"): return key == "url" || key == "uri"
            case UInt8(ascii: "o"): return key.hasSuffixIgnoringCase("repo")
            default: return key == "<<"
            }
        }
    }

    /// Reads `{name: RELATED_IMAGE_WEB, value: reference}` of a container's environment, and
    /// `{name: bundle, value: reference}` of Tekton's resolver for bundles.
    private mutating func claimVariable(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard let name = mapping.text("name"),
            ImageText.mentionsImage(name) || (name == "bundle" && isTekton),
            let key = ["value", "default"].first(where: { mapping[$0]?.text != nil }),
            let value = mapping[key], let text = value.text
        else { return nil }
        if case .scalar(_, .literal) = value.kind, text.contains("=") {
            addLines(of: value, text, at: path.appending(key: key), areImages: true)
        } else if ImageText.isTemplate(text) || ImageText.isProbablyImage(text) {
            addReference(value, text, at: path.appending(key: key))
        } else {
            return nil
        }
        return Claims(keys: ["name", key])
    }

    /// Reads an operation of a JSON patch: `{op: replace, path: /spec/…/image, value: reference}`.
    ///
    /// Source: RFC 6902.
    private mutating func claimPatch(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard let operation = mapping["op"], let target = mapping.text("path"),
            let field = target.split(separator: "/").last.map(String.init),
            let value = mapping["value"], let text = value.text
        else { return nil }
        let claims = Claims(keys: ["op", "path", "value"])
        // A value that is only compared is not used.
        guard operation.text != "test" else { return claims }
        let path = path.appending(key: "value")
        if ImageText.isImageKey(field) {
            addReference(value, text, at: path)
        } else if field == "tag", target.hasSuffix("mage/tag") {
            addTag(value, at: path)
        } else {
            return nil
        }
        return claims
    }

    /// Reads the source of Flux's `OCIRepository`: `{url: oci://repository, ref: {tag, digest}}`.
    ///
    /// Source: Flux, `OCIRepository` § Reference: a digest has precedence over a tag.
    private mutating func claimSource(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard resource.kind == "OCIRepository", resource.spec == mapping.node.range,
            let url = mapping["url"], let text = url.text, text.hasPrefix("oci://"),
            let reference = mapping["ref"]
        else { return nil }
        let ref = MergedMapping(reference, anchors)
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path.appending(key: "ref"),
            shape: .digest, at: reference)
        let scheme = "oci://".utf8.count
        site.repository = Field(
            node: url,
            part: Field.Part(
                range: scheme..<text.utf8.count, text: String(text.dropFirst(scheme)),
                offset: url.offset(ofTextAt: scheme)))
        site.mapping = reference
        site.tag = ref["tag"].map { Field(node: $0) }
        site.digest = ref["digest"].map { Field(node: $0) }
        site.precedingKey = ["tag", "digest"].first(where: ref.owns)
        if ref["semver"] != nil {
            site.reject("Flux chooses a version in the range 'semver': write 'tag'")
        }
        ImageComposer(scope: ValuesScope()).compose(&site)
        add(site)
        return Claims(keys: ["url", "ref"])
    }

    /// Reads `image: {ref: reference}` or `image: {reference: reference}`, and `image: {name: reference}`
    /// of GitLab and others.
    private mutating func claimWrapped(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard ImageText.isImageKey(path.key ?? ""),
            let (key, value) = mapping.first(of: ["ref", "reference", "name", "url", "uri"]),
            mapping.owns(key), let text = value.text,
            key.hasPrefix("ref") || ImageText.pinnable(text) != nil
        else { return nil }
        addReference(value, text, at: path.appending(key: key))
        return Claims(keys: [key])
    }

    /// Reads `{registry, repository, tag, digest}` and similar mappings.
    mutating func claimPair(
        _ mapping: MergedMapping, at path: SitePath, _ rule: PinRules.Rule?
    ) -> Claims? {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .tag, at: mapping.node)
        let rule = rule ?? fieldRule(at: path)
        var reader = ImageMappingReader(
            mapping, at: path, in: state.values, rule: rule, isInResource: isInResource)
        reader.lock = lock
        guard reader.read(into: &site) else { return nil }
        completeRegistry(of: &site, with: reader)
        var all = reader.claims
        addOverride(of: mapping, at: path, to: &site, &all)
        add(site, rule: rule)
        all.keys.formUnion(addFurtherDigests(mapping, beside: site.statedTag, at: path))
        return all
    }

    /// Reads a whole reference that replaces an image: `{repository, tag, override}`.
    mutating func addOverride(
        of mapping: MergedMapping, at path: SitePath, to site: inout ImageReferenceSite,
        _ claims: inout Claims
    ) {
        guard mapping.owns("override"), let override = mapping["override"],
            let text = MergedMapping.text(override)
        else { return }
        addReference(override, text, at: path.appending(key: "override"))
        site.skip("replaced by 'override'")
        claims.keys.insert("override")
    }

    /// Returns the rule for the tag or digest of a mapping, which identifies the image as a rule for
    /// the mapping does.
    func fieldRule(at path: SitePath) -> PinRules.Rule? {
        guard !rules.isEmpty else { return nil }
        for key in ImageKeys.overlay + ImageKeys.dependentTag {
            if let rule = rules.rule(for: path.appending(key: key)) { return rule }
        }
        return nil
    }

    var isTekton: Bool { resource.apiVersion.hasPrefix("tekton.dev/") }

    /// Returns the sites of keys such as `digestChroot` beside `digest`, whose images only a rule
    /// can identify.
    ///
    /// - Returns: The keys that a rule identifies; the tag beside them belongs to them.
    private mutating func addFurtherDigests(
        _ mapping: MergedMapping, beside tag: Tag?, at path: SitePath
    ) -> Set<String> {
        var ruled: Set<String> = []
        for entry in mapping.node.entries ?? [] {
            guard let key = entry.key.text, let text = entry.value.text,
                ImageKeys.isVariantDigest(key, entry.value)
            else { continue }
            let keyPath = path.appending(key: key)
            let rule = rules.rule(for: keyPath)
            guard rule == nil ? (try? Digest(parsing: text)) != nil : rule?.form == .digest else {
                continue
            }
            var site = ImageReferenceSite(
                fragment: fragment, document: document, path: keyPath,
                shape: rule == nil ? .secondDigest : .digest, at: entry.value)
            site.digest = Field(node: entry.value)
            site.siblingTag = tag
            site.missingIDReason = "the digest belongs to another variant: set its id in pins.yaml"
            if rule != nil { ruled.insert(key) }
            add(site, rule: rule)
        }
        return ruled
    }
}

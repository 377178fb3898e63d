// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Reads a mapping whose keys are the parts of one image's name.
struct ImageMappingReader {
    let mapping: MergedMapping
    let path: SitePath
    let globals: Globals
    let rule: PinRules.Rule?

    private static let tagKeys = ["tag", "imageTag", "version", "defaultTag"]
    private static let partKeys: Set<String> = [
        "repository", "image", "name", "registry", "defaultRegistry", "tag", "imageTag", "version",
        "defaultTag", "digest", "imageDigest", "sha", "sha256", "useDigest", "override", "flavour",
        "flavor", "variant", "pullPolicy", "imagePullPolicy",
    ]

    private static let claimedKeys = partKeys.subtracting(["override"])

    private var isImage: Bool { ImageText.isImageKey(path.key ?? "") }

    /// Returns the completed site; `nil` if the mapping is not an image.
    func read(into site: inout ImageReferenceSite) -> Claims? {
        guard let (repositoryKey, repository) = repository() else { return nil }
        site.mapping = mapping.node
        site.repository = Field(node: repository)
        if repositoryKey == "repository", let leaf = mapping["image"], Self.isLeaf(leaf) {
            site.leaf = Field(node: leaf)
        }
        let registry = mapping["registry"]
        let isGiven = registry.flatMap(MergedMapping.text) != nil
        site.registry = (isGiven ? registry : mapping["defaultRegistry"] ?? registry)
            .map { Field(node: $0) }
        let tag = mapping.first(of: Self.tagKeys.filter { mayBeTag($0, beside: repositoryKey) })
        site.tag = tag.map { Field(node: $0.value) }
        if let (_, digest) = mapping.first(of: ["digest", "imageDigest"]) {
            site.shape = .digest
            site.digest = Field(node: digest)
        } else if let (_, sha) = mapping.first(of: ["sha", "sha256"]) {
            site.shape = .sha
            site.digest = Field(node: sha)
        } else {
            site.shape = .tag
        }
        guard site.tag?.node.text != nil || site.digest?.node.text != nil || isImage || rule != nil
        else { return nil }
        site.digestSwitch = mapping["useDigest"].map { Field(node: $0) }
        site.suffix = mapping.first(of: ["flavour", "flavor", "variant"])
            .flatMap { MergedMapping.text($0.value) == nil ? nil : Field(node: $0.value) }
        site.pullPolicy = mapping.first(of: ["pullPolicy", "imagePullPolicy"])
            .map { Field(node: $0.value) }
        site.precedingKey = tag?.key ?? repositoryKey
        apply(rule, to: &site)
        if let repeated = mapping.repeated(of: Self.partKeys) {
            site.reject("duplicate key '\(repeated)'")
        }
        Self.compose(&site, mapping: mapping, globals: globals)
        if repositoryKey == "name", tag?.key == "defaultTag" {
            site.siblingTag = site.image?.tag
            site.image = nil
            site.missingIDReason = "the repository is defined elsewhere: set its id in pins.yaml"
        }
        if let image = site.image?.repository, image.registry == .dockerHub,
            image.path.hasPrefix("bitnami")
        {
            site.allowInsecureImages = globals.allowsInsecureImages.map { Field(node: $0) }
        }
        return claims(repositoryKey)
    }

    /// Returns the key of the repository, if the keys beside it confirm that it is one.
    private func repository() -> (String, YAMLNode)? {
        if let node = mapping["repository"], let text = MergedMapping.text(node) {
            guard !text.contains("://"), !text.hasPrefix("@"), !text.hasPrefix(".") else {
                return nil
            }
            // A chart's dependency has a repository too.
            guard owns(["repository"] + Self.tagKeys + ["digest", "sha", "registry", "image"]),
                isImage
                    || !(mapping["version"] != nil && mapping["tag"] == nil
                        && (mapping["name"] != nil || mapping["chart"] != nil))
            else { return nil }
            return ("repository", node)
        }
        if let node = mapping["image"], let text = MergedMapping.text(node),
            mapping["repository"] == nil,
            owns(["image", "tag", "imageTag", "digest", "sha"]),
            mapping.first(of: ["tag", "imageTag", "digest", "sha"]) != nil,
            let image = ImageText.reference(text), image.tag == nil, image.digest == nil
        {
            return ("image", node)
        }
        if let node = mapping["name"], let text = MergedMapping.text(node),
            let (key, _) = mapping.first(of: ["tag", "version", "defaultTag", "digest"]),
            owns(["name", key]), isImage || key == "defaultTag" || namesImage(text, beside: key)
        {
            return ("name", node)
        }
        return nil
    }

    /// Returns a Boolean value that indicates whether a name outside `image:` is that of an image:
    /// it has a registry and a path.
    private func namesImage(_ text: String, beside key: String) -> Bool {
        guard let slash = text.firstIndex(of: "/"), key != "digest" else { return false }
        return text[..<slash].contains { $0 == "." || $0 == ":" }
    }

    private func mayBeTag(_ key: String, beside repositoryKey: String) -> Bool {
        switch key {
        case "version": repositoryKey == "name" || mapping["image"] != nil || isImage
        case "defaultTag": repositoryKey == "name" || isImage
        default: true
        }
    }

    private func owns(_ keys: [String]) -> Bool { keys.contains(where: mapping.owns) }

    private static func isLeaf(_ node: YAMLNode) -> Bool {
        guard let text = MergedMapping.text(node) else { return false }
        return !text.contains { $0 == "/" || $0 == ":" || $0 == "{" }
    }

    private func apply(_ rule: PinRules.Rule?, to site: inout ImageReferenceSite) {
        switch rule?.form {
        case .tag: (site.shape, site.digest) = (.tag, nil)
        case .digest: site.shape = .digest
        case .sha: site.shape = .sha
        case .reference, .skip, nil: break
        }
    }

    private func claims(_ repositoryKey: String) -> Claims {
        var keys = Self.claimedKeys
        if repositoryKey == "repository", mapping["image"]?.entries != nil { keys.remove("image") }
        keys.insert(repositoryKey)
        return Claims(keys: keys)
    }

    /// Combines the parts to the image that the chart uses.
    static func compose(_ site: inout ImageReferenceSite, mapping: MergedMapping, globals: Globals)
    {
        var registry = site.registry?.text ?? ""
        if site.registry != nil, let global = globals.registry {
            registry = MergedMapping.text(global) ?? registry
            site.overridingRegistry = global.mark
        } else if registry.isEmpty, site.registry != nil, let other = globals.defaultRegistry {
            registry = MergedMapping.text(other) ?? ""
        }
        let written = site.repository?.text ?? ""
        let name = written.isEmpty ? site.matchedName?.text ?? "" : written
        let parts = [registry, name, site.leaf?.text ?? ""].filter { !$0.isEmpty }
        let tag = site.tag?.text ?? ""
        let digest = site.digest?.text ?? ""
        guard !ImageText.isTemplate(parts.joined() + tag + digest) else {
            return site.skip("template text")
        }
        guard let named = ImageText.reference(parts.joined(separator: "/")), named.digest == nil
        else { return site.reject("invalid repository name") }
        var image = named
        if !tag.isEmpty {
            let suffix = site.suffix.map { "-\($0.text)" } ?? ""
            // An operator reads a digest in place of a version as a digest.
            let joined = tag.hasPrefix("sha256:") ? "@\(tag)" : ":\(Self.fold(tag, suffix))"
            guard named.tag == nil, let whole = ImageText.reference("\(named.repository)\(joined)")
            else { return site.reject("invalid tag") }
            image = whole
        }
        if !digest.isEmpty {
            let full = digest.contains(":") ? digest : "sha256:\(digest)"
            guard let digest = try? Digest(parsing: full) else {
                site.image = Reference(image.repository, tag: image.tag)
                return
            }
            image = Reference(image.repository, tag: image.tag, digest: digest)
        }
        site.image = image
    }

    /// Returns a tag with the suffix of the chart, which belongs before a digest.
    private static func fold(_ tag: String, _ suffix: String) -> String {
        guard !suffix.isEmpty, let at = tag.firstIndex(of: "@") else { return tag + suffix }
        return tag[..<at] + suffix + tag[at...]
    }
}

extension SiteFinder {
    /// Reads `{registry, repository, tag, digest}` and similar mappings.
    mutating func claimPair(_ mapping: MergedMapping, at path: SitePath, _ rule: PinRules.Rule?)
        -> Claims?
    {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .tag, at: mapping.node)
        let reader = ImageMappingReader(mapping: mapping, path: path, globals: globals, rule: rule)
        guard let claims = reader.read(into: &site) else { return nil }
        if let override = mapping["override"], let text = MergedMapping.text(override) {
            addReference(override, text, at: path.appending(key: "override"))
            site.skip("replaced by 'override'")
        }
        add(site, rule: rule)
        var all = claims
        all.keys.formUnion(addFurtherDigests(mapping, beside: site.statedTag, at: path))
        return all
    }

    /// Returns the sites of keys such as `digestChroot` beside `digest`, whose images only a rule
    /// can identify.
    ///
    /// - Returns: The keys that a rule identifies; the tag beside them belongs to them.
    private mutating func addFurtherDigests(
        _ mapping: MergedMapping, beside tag: Tag?, at path: SitePath
    ) -> Set<String> {
        var ruled: Set<String> = []
        for entry in mapping.node.entries ?? [] {
            guard let key = entry.key.text, key.hasPrefix("digest"), key != "digest",
                let text = entry.value.text
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

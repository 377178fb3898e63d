// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Reads a mapping whose keys are the parts of one image's name.
struct ImageMappingReader {
    let block: MergedMapping
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
        site.block = block.node
        site.repository = Field(node: repository)
        if repositoryKey == "repository", let leaf = block["image"], Self.isLeaf(leaf) {
            site.leaf = Field(node: leaf)
        }
        let registry = block["registry"]
        let isGiven = registry.flatMap(MergedMapping.text) != nil
        site.registry = (isGiven ? registry : block["defaultRegistry"] ?? registry)
            .map { Field(node: $0) }
        let tag = block.first(of: Self.tagKeys.filter { mayBeTag($0, beside: repositoryKey) })
        site.tag = tag.map { Field(node: $0.value) }
        if let (_, digest) = block.first(of: ["digest", "imageDigest"]) {
            site.shape = .digest
            site.digest = Field(node: digest)
        } else if let (_, sha) = block.first(of: ["sha", "sha256"]) {
            site.shape = .sha
            site.digest = Field(node: sha)
        } else {
            site.shape = .tag
        }
        guard site.tag?.node.text != nil || site.digest?.node.text != nil || isImage || rule != nil
        else { return nil }
        site.digestSwitch = block["useDigest"].map { Field(node: $0) }
        site.suffix = block.first(of: ["flavour", "flavor", "variant"])
            .flatMap { MergedMapping.text($0.value) == nil ? nil : Field(node: $0.value) }
        site.pullPolicy = block.first(of: ["pullPolicy", "imagePullPolicy"])
            .map { Field(node: $0.value) }
        site.neighbour = tag?.key ?? repositoryKey
        apply(rule, to: &site)
        if let repeated = block.repeated(of: Self.partKeys) {
            site.refuse("the key '\(repeated)' stands twice, and readers take one or the other")
        }
        Self.compose(&site, block: block, globals: globals)
        if repositoryKey == "name", tag?.key == "defaultTag" {
            site.siblingTag = site.image?.tag
            site.image = nil
            site.question = "its repository stands elsewhere: name its id in pins.yaml"
        }
        if let image = site.image?.repository, image.registry == .dockerHub,
            image.path.hasPrefix("bitnami")
        {
            site.guardSwitch = globals.allowsInsecureImages.map { Field(node: $0) }
        }
        return claims(repositoryKey)
    }

    /// Returns the key of the repository, if the keys beside it confirm that it is one.
    private func repository() -> (String, YAMLNode)? {
        if let node = block["repository"], let text = MergedMapping.text(node) {
            guard !text.contains("://"), !text.hasPrefix("@"), !text.hasPrefix(".") else {
                return nil
            }
            // A chart's dependency has a repository too.
            guard owns(["repository"] + Self.tagKeys + ["digest", "sha", "registry", "image"]),
                isImage
                    || !(block["version"] != nil && block["tag"] == nil
                        && (block["name"] != nil || block["chart"] != nil))
            else { return nil }
            return ("repository", node)
        }
        if let node = block["image"], let text = MergedMapping.text(node),
            block["repository"] == nil,
            owns(["image", "tag", "imageTag", "digest", "sha"]),
            block.first(of: ["tag", "imageTag", "digest", "sha"]) != nil,
            let image = ImageText.reference(text), image.tag == nil, image.digest == nil
        {
            return ("image", node)
        }
        if let node = block["name"], let text = MergedMapping.text(node),
            let (key, _) = block.first(of: ["tag", "version", "defaultTag", "digest"]),
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
        case "version": repositoryKey == "name" || block["image"] != nil || isImage
        case "defaultTag": repositoryKey == "name" || isImage
        default: true
        }
    }

    private func owns(_ keys: [String]) -> Bool { keys.contains(where: block.owns) }

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
        if repositoryKey == "repository", block["image"]?.entries != nil { keys.remove("image") }
        keys.insert(repositoryKey)
        return Claims(keys: keys)
    }

    /// Combines the parts to the image that the chart uses.
    static func compose(_ site: inout ImageReferenceSite, block: MergedMapping, globals: Globals) {
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
            return site.skip("it is a template's text")
        }
        guard let named = ImageText.reference(parts.joined(separator: "/")), named.digest == nil
        else { return site.refuse("its name is no repository") }
        var image = named
        if !tag.isEmpty {
            let suffix = site.suffix.map { "-\($0.text)" } ?? ""
            // An operator reads a digest in place of a version as a digest.
            let joined = tag.hasPrefix("sha256:") ? "@\(tag)" : ":\(Self.fold(tag, suffix))"
            guard named.tag == nil, let whole = ImageText.reference("\(named.repository)\(joined)")
            else { return site.refuse("its tag is none that a registry could have") }
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
    mutating func claimPair(_ block: MergedMapping, at path: SitePath, _ rule: PinRules.Rule?)
        -> Claims?
    {
        var site = ImageReferenceSite(fragment, document, path, .tag, at: block.node)
        let reader = ImageMappingReader(block: block, path: path, globals: globals, rule: rule)
        guard let claims = reader.read(into: &site) else { return nil }
        if let override = block["override"], let text = MergedMapping.text(override) {
            addReference(override, text, at: path.appending(key: "override"))
            site.skip("'override' beside it decides")
        }
        add(site, rule: rule)
        var all = claims
        all.keys.formUnion(addFurtherDigests(block, beside: site.statedTag, at: path))
        return all
    }

    /// Returns the sites of keys such as `digestChroot` beside `digest`, whose images only a rule
    /// can identify.
    ///
    /// - Returns: The keys that a rule identifies; the tag beside them belongs to them.
    private mutating func addFurtherDigests(
        _ block: MergedMapping, beside tag: Tag?, at path: SitePath
    ) -> Set<String> {
        var ruled: Set<String> = []
        for entry in block.node.entries ?? [] {
            guard let key = entry.key.text, key.hasPrefix("digest"), key != "digest",
                let text = entry.value.text
            else { continue }
            let place = path.appending(key: key)
            let rule = rules.rule(for: place)
            guard rule == nil ? (try? Digest(parsing: text)) != nil : rule?.form == .digest else {
                continue
            }
            var site = ImageReferenceSite(
                fragment, document, place, rule == nil ? .secondDigest : .digest, at: entry.value)
            site.digest = Field(node: entry.value)
            site.siblingTag = tag
            site.question = "it is another variant's digest: name its id in pins.yaml"
            if rule != nil { ruled.insert(key) }
            add(site, rule: rule)
        }
        return ruled
    }
}

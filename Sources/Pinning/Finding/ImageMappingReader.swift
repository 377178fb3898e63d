// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Reads a mapping whose keys are the parts of one image's name.
struct ImageMappingReader {
    let mapping: MergedMapping
    let path: SitePath
    let scope: ValuesScope
    let rule: PinRules.Rule?
    /// A Boolean value that indicates whether the mapping is in a resource, whose fields an operator
    /// reads.
    let isInResource: Bool

    private static let tagKeys = ["tag", "imageTag", "version", "defaultTag"]
    static let partKeys: Set<String> = [
        "repository", "image", "name", "registry", "defaultRegistry", "tag", "imageTag", "version",
        "defaultTag", "digest", "imageDigest", "sha", "sha256", "useDigest", "override", "flavour",
        "flavor", "variant", "tagSuffix", "tagPrefix", "pullPolicy", "imagePullPolicy",
    ]

    private static let claimedKeys = partKeys.subtracting(["override"])

    private var isImage: Bool { ImageText.isImageKey(path.key ?? "") }

    /// The key of the repository, or of the name of an image whose repository is defined elsewhere.
    private enum NameKey {
        case repository
        case image
        case name
        /// A name beside an empty `repository`, which a common registry completes.
        case nameBelowRegistry

        var text: String {
            switch self {
            case .repository: "repository"
            case .image: "image"
            case .name, .nameBelowRegistry: "name"
            }
        }
    }

    /// Returns the completed site; `nil` if the mapping is not an image.
    func read(into site: inout ImageReferenceSite) -> Claims? {
        guard let (nameKey, repository) = name() else { return nil }
        site.mapping = mapping.node
        site.repository = Field(node: repository)
        if nameKey == .repository, let leaf = leaf() { site.leaf = Field(node: leaf) }
        let registry = mapping["registry"]
        let isGiven = registry.flatMap(MergedMapping.text) != nil
        site.registry = (isGiven ? registry : mapping["defaultRegistry"] ?? registry)
            .map { Field(node: $0) }
        let tag = mapping.first(of: Self.tagKeys.filter { mayBeTag($0, beside: nameKey) })
        site.tag = tag.map { Field(node: $0.value) }
        readDigest(into: &site)
        guard
            site.tag?.node.text != nil || site.digest?.node.text != nil || isImage || rule != nil
                || site.leaf != nil
        else { return nil }
        readOptions(into: &site)
        site.precedingKey = tag?.key ?? nameKey.text
        apply(rule, to: &site)
        if let repeated = mapping.repeated(of: Self.partKeys) {
            site.reject("duplicate key '\(repeated)'")
        }
        if tag?.key == "version", nameKey == .image, isInResource {
            site.reject("the operator reads 'version' too: give the tag and the digest in 'image'")
        }
        compose(&site, nameKey)
        return claims(nameKey)
    }

    private func compose(_ site: inout ImageReferenceSite, _ nameKey: NameKey) {
        var composer = ImageComposer(scope: scope)
        switch nameKey {
        case .nameBelowRegistry: composer.usesCommonRegistry = true
        case .name where site.precedingKey == "defaultTag":
            composer.parent = scope.parentRepository
            composer.requiresParent = true
        case .repository, .image, .name: break
        }
        composer.tagPrefix = mapping["tagPrefix"]
        composer.compose(&site)
        if let image = site.image?.repository, image.registry == .dockerHub,
            image.path.hasPrefix("bitnami")
        {
            site.allowInsecureImages = scope.allowsInsecureImages.map { Field(node: $0) }
        }
    }

    /// Reads the digest, whose key decides the shape.
    func readDigest(into site: inout ImageReferenceSite) {
        if let (_, digest) = mapping.first(of: ["digest", "imageDigest"]) {
            site.shape = .digest
            site.digest = Field(node: digest)
        } else if let (_, sha) = mapping.first(of: ["sha", "sha256"]) {
            site.shape = .sha
            site.digest = Field(node: sha)
        } else {
            site.shape = .tag
        }
    }

    /// Reads the keys that change the effect of tag and digest.
    func readOptions(into site: inout ImageReferenceSite) {
        site.digestSwitch = mapping["useDigest"].map { Field(node: $0) }
        site.suffix = mapping.first(of: ["flavour", "flavor", "variant", "tagSuffix"])
            .flatMap { MergedMapping.text($0.value) == nil ? nil : Field(node: $0.value) }
        site.pullPolicy = mapping.first(of: ["pullPolicy", "imagePullPolicy"])
            .map { Field(node: $0.value) }
    }

    /// Returns the key with the name, if the keys beside it confirm that it is an image's.
    private func name() -> (NameKey, YAMLNode)? {
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
            return (.repository, node)
        }
        if let node = mapping["image"], let text = MergedMapping.text(node),
            mapping["repository"] == nil,
            owns(["image", "tag", "imageTag", "digest", "sha", "version"]),
            mapping.first(of: ["tag", "imageTag", "digest", "sha", "version"]) != nil,
            let image = ImageText.reference(text), image.tag == nil, image.digest == nil,
            // A logo can have a version too.
            text.contains("/") || owns(["tag", "imageTag", "digest", "sha"])
        {
            return (.image, node)
        }
        if let node = mapping["name"], let text = MergedMapping.text(node),
            case let key = mapping.first(of: ["tag", "version", "defaultTag", "digest"])?.key ?? "",
            !key.isEmpty || (isImage && owns(["registry", "repository"])), owns(["name", key]),
            isImage || key == "defaultTag" || namesImage(text, beside: key)
        {
            guard let repository = mapping["repository"] else { return (.name, node) }
            if scope.defaultRepository != nil, mapping["registry"] != nil {
                return (.repository, repository)
            }
            return (.nameBelowRegistry, node)
        }
        return nil
    }

    /// Returns the last component of the name, if it is separate from the repository.
    private func leaf() -> YAMLNode? {
        if let leaf = mapping["image"], Self.isLeaf(leaf) { return leaf }
        guard mapping["registry"] != nil, let leaf = mapping["name"], isImage, Self.isLeaf(leaf)
        else { return nil }
        return leaf
    }

    /// Returns a Boolean value that indicates whether a name outside `image:` is that of an image:
    /// it has a registry and a path.
    private func namesImage(_ text: String, beside key: String) -> Bool {
        guard let slash = text.firstIndex(of: "/"), key != "digest" else { return false }
        return text[..<slash].contains { $0 == "." || $0 == ":" }
    }

    private func mayBeTag(_ key: String, beside nameKey: NameKey) -> Bool {
        switch key {
        case "version": nameKey != .repository || mapping["image"] != nil || isImage
        case "defaultTag": nameKey == .name || isImage
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

    private func claims(_ nameKey: NameKey) -> Claims {
        var keys = Self.claimedKeys
        if nameKey == .repository, mapping["image"]?.entries != nil { keys.remove("image") }
        keys.insert(nameKey.text)
        return Claims(keys: keys)
    }
}

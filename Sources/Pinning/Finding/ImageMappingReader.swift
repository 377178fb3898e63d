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
    /// A Boolean value that indicates whether an image can consist of merged keys only, which is then
    /// that of another mapping.
    var acceptsMerged = false
    /// The lock file, whose images need less evidence.
    var lock: LockView?
    /// The registry for images without one.
    var outerRegistry: String?

    private static let tagKeys = ImageKeys.tag + ImageKeys.dependentTag

    /// The keys that were read; the others can name further images.
    private(set) var claims = Claims()
    private var nameKey: NameKey?

    private var isImage: Bool { ImageText.isImageKey(path.key ?? "") }

    /// A Boolean value that indicates whether the mapping is one of several images.
    ///
    /// A name with a namespace is that of an image stream.
    private var isInImages: Bool {
        path.step(before: 1).map(ImageText.isImagesKey) ?? false && mapping["namespace"] == nil
    }

    /// The key of the repository, or of the name of an image whose repository is defined elsewhere.
    private enum NameKey {
        case repository
        /// A short key for the repository, which other mappings use for Git repositories.
        case repo
        case image
        case name
        /// A name beside an empty `repository`, which a common registry completes.
        case nameBelowRegistry

        var text: String {
            switch self {
            case .repository: "repository"
            case .repo: "repo"
            case .image: "image"
            case .name, .nameBelowRegistry: "name"
            }
        }
    }

    init(
        _ mapping: MergedMapping, at path: SitePath, in scope: ValuesScope,
        rule: PinRules.Rule? = nil, isInResource: Bool = false
    ) {
        self.mapping = mapping
        self.path = path
        self.scope = scope
        self.rule = rule
        self.isInResource = isInResource
    }

    /// Returns the field with the first of the keys that the mapping has, and claims its key.
    private mutating func take(_ keys: [String]) -> (key: String, field: Field)? {
        guard let (key, value) = mapping.first(of: keys) else { return nil }
        if value.text != nil { claims.keys.insert(key) }
        return (key, Field(node: value))
    }

    /// Completes a site.
    ///
    /// - Returns: A Boolean value that indicates whether the mapping is an image.
    mutating func read(into site: inout ImageReferenceSite) -> Bool {
        guard let (nameKey, repository) = name() else { return false }
        self.nameKey = nameKey
        site.mapping = mapping.isExtensible ? mapping.node : nil
        site.repository = Field(node: repository)
        claims.keys.insert(nameKey.text)
        if mapping["repository"] != nil { claims.keys.insert("repository") }
        if nameKey == .repository, let (key, leaf) = leaf() {
            site.leaf = Field(node: leaf)
            claims.keys.insert(key)
        }
        let isGiven = mapping.text("registry") != nil
        let registryKeys = isGiven ? ["registry"] : ["defaultRegistry", "registry"]
        site.registry = take(registryKeys + (nameKey == .image ? ["hub"] : []))?.field
        if mapping["registry"] != nil { claims.keys.insert("registry") }
        let tag = readTag(Self.tagKeys.filter { mayBeTag($0, beside: nameKey) }, into: &site)
        readDigest(into: &site)
        guard
            site.tag?.node.text != nil || site.digest?.node.text != nil || isImage || rule != nil
                || site.leaf != nil || isWithoutVersion(nameKey, repository)
        else { return false }
        readOptions(into: &site)
        site.precedingKey = tag ?? nameKey.text
        site.apply(rule)
        if let repeated = mapping.repeated(of: ImageKeys.all) {
            site.reject("duplicate key '\(repeated)'")
        }
        if tag == "version", nameKey == .image, isInResource {
            site.reject("the operator reads 'version' too: give the tag and the digest in 'image'")
        }
        compose(&site)
        site.missingIDReason = site.missingIDReason ?? moduleReason ?? variantReason
        if site.missingIDReason == nil, let sourceReason {
            site.missingIDReason = sourceReason
            site.isUncertain = true
        }
        return true
    }

    /// The reason for which the tag in the options of a module of Ansible has no digest; `nil` for other
    /// mappings.
    ///
    /// Source: Ansible, `community.docker.docker_image_pull`: a tag is validated.
    private var moduleReason: String? {
        let module = path.key?.split(separator: ".").last ?? ""
        guard nameKey == .name, module == "docker_image" || module == "docker_image_pull" else {
            return nil
        }
        return "the module rejects a digest in 'tag': write the tag and the digest in 'name'"
    }

    /// The reason for which the image has no digest of its own; `nil` if it can have one.
    ///
    /// Source: Cilium, `operator.image`: `genericDigest` is that of another repository.
    private var variantReason: String? {
        guard ImageKeys.digest.allSatisfy({ mapping[$0] == nil }),
            let key = (mapping.node.entries ?? []).lazy.compactMap({ entry in
                entry.key.text.flatMap { ImageKeys.isVariantDigest($0, entry.value) ? $0 : nil }
            }).first
        else { return nil }
        return "the chart has a digest for each variant, as '\(key)': set their ids in pins.yaml"
    }

    /// Sets the image of a site whose fields are read.
    func compose(_ site: inout ImageReferenceSite) {
        var composer = ImageComposer(scope: scope, outerRegistry: outerRegistry)
        switch nameKey {
        case .nameBelowRegistry: composer.usesCommonRegistry = true
        case .name where site.precedingKey == "defaultTag":
            composer.parent = scope.parentRepository
            composer.requiresParent = true
        case .name where !(site.repository?.text.contains("/") ?? true):
            composer.parent = scope.defaultRepository
        case .repository, .repo, .image, .name, nil: break
        }
        composer.tagPrefix = mapping["tagPrefix"]
        composer.compose(&site)
        if let image = site.image?.repository, image.registry == .dockerHub,
            image.path.hasPrefix("bitnami")
        {
            site.allowInsecureImages = scope.allowsInsecureImages.map { Field(node: $0) }
        }
    }

    /// Reads the tag.
    ///
    /// - Returns: Its key; `nil` if there is none.
    @discardableResult
    mutating func readTag(
        _ keys: [String], into site: inout ImageReferenceSite
    ) -> String? {
        guard let (key, field) = take(keys) else { return nil }
        site.tag = field
        site.tagPath = path.appending(key: key)
        return key
    }

    /// Reads the digest, whose key decides the shape.
    mutating func readDigest(into site: inout ImageReferenceSite) {
        let digest = take(ImageKeys.digest + ImageKeys.sha)
        site.digest = digest?.field
        site.shape = digest.map { ImageKeys.shape(of: $0.key) } ?? .tag
    }

    /// Reads the keys that change the effect of tag and digest.
    mutating func readOptions(into site: inout ImageReferenceSite) {
        site.digestSwitch = take(["useDigest"])?.field
        site.suffix = take(ImageKeys.suffix)?.field
        if site.suffix?.text.isEmpty ?? false { site.suffix = nil }
        site.pullPolicy = take(ImageKeys.pullPolicy)?.field
    }

    /// Returns the key with the name, if the keys beside it confirm that it is an image's.
    private func name() -> (NameKey, YAMLNode)? {
        if let node = mapping["repository"], let text = MergedMapping.text(node) {
            guard !text.contains("://"), !text.hasPrefix("@"), !text.hasPrefix("."),
                isImage || !(ImageText.isOnForge(text) || isSource(named: text))
            else { return nil }
            // A chart's dependency has a repository too.
            guard owns(["repository", "registry", "image"] + Self.tagKeys + ["digest", "sha"]),
                isImage
                    || !(mapping["version"] != nil && mapping["tag"] == nil
                        && (mapping["name"] != nil || mapping["chart"] != nil))
            else { return nil }
            return (.repository, node)
        }
        if mapping["repository"] == nil, owns(["repo"]), let node = mapping["repo"],
            let text = MergedMapping.text(node), !text.contains("://"),
            isImage || (ImageText.hasRegistry(text) && isLocked(ImageText.reference(text)))
        {
            return (.repo, node)
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
    private func leaf() -> (key: String, value: YAMLNode)? {
        if let leaf = mapping["image"], Self.isLeaf(leaf) { return ("image", leaf) }
        guard mapping["registry"] != nil, let leaf = mapping["name"], isImage, Self.isLeaf(leaf)
        else { return nil }
        return ("name", leaf)
    }

    /// Returns a Boolean value that indicates whether a name outside `image:` is that of an image:
    /// it has a registry and a path, or the lock file has it.
    private func namesImage(_ text: String, beside key: String) -> Bool {
        guard text.contains("/"), key != "digest" else { return false }
        if isInImages || hasRegistry || isLocked(ImageText.reference(text)) { return true }
        // Modules of Go and Ansible have versions too.
        return key == "tag" && ImageText.hasRegistry(text) && !ImageText.isOnForge(text)
    }

    /// Returns a Boolean value that indicates whether a mapping with a repository is about source code,
    /// of which the lock file has no image.
    private func isSource(named name: String) -> Bool {
        guard sourceKey != nil else { return false }
        return !(ImageText.hasRegistry(name) || hasRegistry || isLocked(ImageText.reference(name)))
    }

    /// The key that shows a mapping about source code: a commit, or a path that is not that of an address.
    private var sourceKey: String? {
        ["branch", "revision", "commit", "path"].first { key in
            mapping[key] != nil && !(key == "path" && mapping.text(key)?.hasPrefix("/") ?? false)
        }
    }

    /// The reason for which a repository beside a commit is not known to be that of an image.
    private var sourceReason: String? {
        guard nameKey == .repository, !isImage, let sourceKey,
            let name = mapping.text("repository"), !ImageText.hasRegistry(name), !hasRegistry
        else { return nil }
        return "'\(sourceKey)' shows source code: add '# ocimirror: ID' or a rule"
    }

    /// A Boolean value that indicates whether the mapping has the registry of an image.
    private var hasRegistry: Bool {
        mapping.text("registry").map(ImageText.isRegistry) ?? false
    }

    /// Returns a Boolean value that indicates whether the mapping is an image whose version is defined
    /// elsewhere: it has a registry, and the lock file has the repository.
    private func isWithoutVersion(_ nameKey: NameKey, _ repository: YAMLNode) -> Bool {
        guard case .repository = nameKey, hasRegistry, let registry = mapping.text("registry"),
            let name = MergedMapping.text(repository)
        else { return false }
        return lock == nil || isLocked(ImageText.reference("\(registry)/\(name)"))
    }

    /// Returns a Boolean value that indicates whether the image of a site is unknown because its
    /// registry is.
    func lacksRegistry(_ site: ImageReferenceSite) -> Bool {
        site.missingIDReason == ImageComposer.elsewhere("registry")
    }

    private func isLocked(_ image: Reference?) -> Bool {
        guard let image, let lock else { return false }
        return lock.has(image.repository)
    }

    private func mayBeTag(_ key: String, beside nameKey: NameKey) -> Bool {
        switch key {
        case "version": nameKey != .repository || mapping["image"] != nil || isImage
        case "defaultTag": nameKey == .name || isImage
        default: true
        }
    }

    private func owns(_ keys: [String]) -> Bool {
        keys.contains { acceptsMerged ? mapping[$0] != nil : mapping.owns($0) }
    }

    private static func isLeaf(_ node: YAMLNode) -> Bool {
        guard let text = MergedMapping.text(node) else { return false }
        return !text.contains { $0 == "/" || $0 == ":" || $0 == "{" }
    }
}

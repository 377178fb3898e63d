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
        if rule?.form == .skip { return .all }
        guard rule != nil || Self.mayNameImage(node) else { return Claims() }
        let block = MergedMapping(node, anchors)
        if let claims = claimKustomization(block, at: path) { return claims }
        if let claims = claimBuilt(block, at: path) { return claims }
        if let claims = claimVariable(block, at: path) { return claims }
        if let claims = claimWrapped(block, at: path) { return claims }
        if let claims = claimPair(block, at: path, rule) { return claims }
        if let claims = claimShared(block, at: path) { return claims }
        return claimSiblings(block, at: path)
    }

    /// Returns a Boolean value that indicates whether a mapping has a key that every image mapping
    /// has, or merges other mappings.
    ///
    /// Most mappings have none and need no further checks.
    private static func mayNameImage(_ node: YAMLNode) -> Bool {
        let entries = node.entries ?? []
        return entries.indices.contains { index in
            guard let key = entries[index].key.text else { return false }
            switch key {
            case "<<", "name", "repository", "tag", "images", "ref", "reference": return true
            default: return ImageText.isImageKey(key)
            }
        }
    }

    /// Reads `{name: RELATED_IMAGE_WEB, value: reference}` of a container's environment.
    private mutating func claimVariable(_ block: MergedMapping, at path: SitePath) -> Claims? {
        guard let name = block.text("name"), let value = block["value"], let text = value.text,
            ImageText.mentionsImage(name)
        else { return nil }
        if case .scalar(_, .literal) = value.kind, text.contains("=") {
            addLines(of: value, text, at: path.appending(key: "value"))
        } else if ImageText.isTemplate(text) {
            addTemplate(value, at: path.appending(key: "value"))
        } else if ImageText.pinnable(text) != nil {
            addReference(value, text, at: path.appending(key: "value"))
        } else {
            return nil
        }
        return Claims(keys: ["name", "value"])
    }

    /// Reads a service of a Compose file that is built: `image` names the result.
    ///
    /// Source: Compose Specification, `build` § Using `build` and `image`.
    private mutating func claimBuilt(_ block: MergedMapping, at path: SitePath) -> Claims? {
        guard path.step(before: 1) == "services", block.owns("build"), resource.apiVersion.isEmpty,
            let image = block["image"], image.text != nil
        else { return nil }
        var site = ImageReferenceSite(
            fragment, document, path.appending(key: "image"), .reference, at: image)
        site.skip("it names what 'build' beside it makes")
        add(site)
        return Claims(keys: ["image"])
    }

    /// Reads `image: {ref: reference}` or `image: {reference: reference}`.
    private mutating func claimWrapped(_ block: MergedMapping, at path: SitePath) -> Claims? {
        guard ImageText.isImageKey(path.key ?? ""),
            let (key, value) = block.first(of: ["ref", "reference"]), block.owns(key),
            let text = value.text
        else { return nil }
        addReference(value, text, at: path.appending(key: key))
        return Claims(keys: [key])
    }

    /// Reads one tag for several images, which cannot hold a digest.
    private mutating func claimShared(_ block: MergedMapping, at path: SitePath) -> Claims? {
        let key = path.key ?? ""
        guard block.owns("tag"), let tag = block["tag"], let text = MergedMapping.text(tag),
            ImageText.isImageKey(key) || ImageText.isImagesKey(key) || block.text("hub") != nil
        else { return nil }
        var site = ImageReferenceSite(
            fragment, document, path.appending(key: "tag"), .sharedTag, at: tag)
        site.tag = Field(node: tag)
        if ImageText.isTemplate(text) {
            site.skip("it is a template's text")
        } else {
            site.refuse("one tag for several images holds no digest: give each image its own")
        }
        add(site)
        return Claims(keys: ["tag"])
    }

    /// Reads `controllerImage` beside `controllerImageVersion` or `controllerImageTag`.
    private mutating func claimSiblings(_ block: MergedMapping, at path: SitePath) -> Claims {
        var claims = Claims()
        for entry in block.node.entries ?? [] {
            guard let key = entry.key.text, key.count > "image".count, ImageText.isImageKey(key),
                let repository = block[key], let name = MergedMapping.text(repository),
                let image = ImageText.reference(name), image.tag == nil, image.digest == nil,
                let tagKey = [key + "Version", key + "Tag", key + "_tag", key + "_version"]
                    .first(where: block.owns),
                let tag = block[tagKey], tag.text != nil
            else { continue }
            var site = ImageReferenceSite(
                fragment, document, path.appending(key: key), .tag, at: entry.key)
            site.repository = Field(node: repository)
            site.tag = Field(node: tag)
            if let (digestKey, digest) = block.first(of: [key + "Digest", key + "_digest"]) {
                site.digest = Field(node: digest)
                claims.keys.insert(digestKey)
            }
            ImageMappingReader.compose(&site, block: block, globals: Globals())
            add(site)
            claims.keys.formUnion([key, tagKey])
        }
        return claims
    }
}

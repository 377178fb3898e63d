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
        let mapping = MergedMapping(node, anchors)
        if let claims = claimKustomization(mapping, at: path) { return claims }
        if let claims = claimBuilt(mapping, at: path) { return claims }
        if let claims = claimVariable(mapping, at: path) { return claims }
        if let claims = claimWrapped(mapping, at: path) { return claims }
        if let claims = claimPair(mapping, at: path, rule) { return claims }
        if let claims = claimShared(mapping, at: path) { return claims }
        return claimSiblings(mapping, at: path)
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
    private mutating func claimVariable(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard let name = mapping.text("name"), let value = mapping["value"], let text = value.text,
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
    private mutating func claimBuilt(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard path.step(before: 1) == "services", mapping.owns("build"),
            resource.apiVersion.isEmpty,
            let image = mapping["image"], image.text != nil
        else { return nil }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path.appending(key: "image"),
            shape: .reference, at: image)
        site.skip("the image is the result of 'build'")
        add(site)
        return Claims(keys: ["image"])
    }

    /// Reads `image: {ref: reference}` or `image: {reference: reference}`.
    private mutating func claimWrapped(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard ImageText.isImageKey(path.key ?? ""),
            let (key, value) = mapping.first(of: ["ref", "reference"]), mapping.owns(key),
            let text = value.text
        else { return nil }
        addReference(value, text, at: path.appending(key: key))
        return Claims(keys: [key])
    }

    /// Reads one tag for several images, which cannot hold a digest.
    private mutating func claimShared(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        let key = path.key ?? ""
        guard mapping.owns("tag"), let tag = mapping["tag"], let text = MergedMapping.text(tag),
            ImageText.isImageKey(key) || ImageText.isImagesKey(key) || mapping.text("hub") != nil
        else { return nil }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path.appending(key: "tag"),
            shape: .sharedTag, at: tag)
        site.tag = Field(node: tag)
        if ImageText.isTemplate(text) {
            site.skip("template text")
        } else {
            site.reject("one tag for several images: give each image its own tag")
        }
        add(site)
        return Claims(keys: ["tag"])
    }

    /// Reads `controllerImage` beside `controllerImageVersion` or `controllerImageTag`.
    private mutating func claimSiblings(_ mapping: MergedMapping, at path: SitePath) -> Claims {
        var claims = Claims()
        for entry in mapping.node.entries ?? [] {
            guard let key = entry.key.text, key.count > "image".count, ImageText.isImageKey(key),
                let repository = mapping[key], let name = MergedMapping.text(repository),
                let image = ImageText.reference(name), image.tag == nil, image.digest == nil,
                let tagKey = [key + "Version", key + "Tag", key + "_tag", key + "_version"]
                    .first(where: mapping.owns),
                let tag = mapping[tagKey], tag.text != nil
            else { continue }
            var site = ImageReferenceSite(
                fragment: fragment, document: document, path: path.appending(key: key), shape: .tag,
                at: entry.key)
            site.repository = Field(node: repository)
            site.tag = Field(node: tag)
            if let (digestKey, digest) = mapping.first(of: [key + "Digest", key + "_digest"]) {
                site.digest = Field(node: digest)
                claims.keys.insert(digestKey)
            }
            ImageMappingReader.compose(&site, mapping: mapping, globals: Globals())
            add(site)
            claims.keys.formUnion([key, tagKey])
        }
        return claims
    }
}

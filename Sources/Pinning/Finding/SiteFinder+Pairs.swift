// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Pairs of keys beside others: `webImage` and `webTag`, and one tag for several images.
extension SiteFinder {
    /// Reads one tag for several images, which cannot hold a digest.
    mutating func claimShared(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard mapping.owns("tag"), let tag = mapping["tag"], let text = MergedMapping.text(tag),
            ImageText.isImagesKey(path.key ?? "") || mapping.text("hub") != nil
        else { return nil }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path.appending(key: "tag"),
            shape: .sharedTag, at: tag)
        site.tag = Field(node: tag)
        site.siblingTag = ImageText.reference("image:\(text)")?.tag
        if ImageText.isTemplate(text) {
            site.skip("template text")
        } else {
            site.missingIDReason = "one tag for several images: give each image its own tag"
        }
        add(site)
        return Claims(keys: ["tag"])
    }

    /// Reads `controllerImage` beside `controllerImageVersion`, `controllerTag` and similar keys.
    ///
    /// A reference without a tag whose neighbor has the version is one image, not a whole reference.
    ///
    /// - Parameters:
    ///   - mapping: The mapping with the keys.
    ///   - path: Its path.
    ///   - others: The keys that belong to another image.
    /// - Returns: The keys of the images.
    mutating func claimSiblings(
        _ mapping: MergedMapping, at path: SitePath, except others: Claims
    ) -> Claims {
        var claims = Claims()
        for entry in mapping.node.entries ?? [] {
            guard let key = entry.key.text, !others.contains(key),
                let names = SiblingNames(of: key),
                let repository = mapping[key], let name = MergedMapping.text(repository),
                let tagKey = names.tags.first(where: { mapping.owns($0) && !others.contains($0) }),
                let tag = mapping[tagKey], tag.text != nil
            else { continue }
            let isTemplate = ImageText.isTemplate(name)
            let image = ImageText.reference(name)
            guard isTemplate || (image != nil && image?.tag == nil && image?.digest == nil) else {
                continue
            }
            var site = ImageReferenceSite(
                fragment: fragment, document: document, path: path.appending(key: key), shape: .tag,
                at: entry.key)
            site.repository = Field(node: repository)
            site.tag = Field(node: tag)
            if let (digestKey, digest) = mapping.first(of: names.digests) {
                site.shape = .digest
                site.digest = Field(node: digest)
                claims.keys.insert(digestKey)
            }
            let registryKey = names.registries.first { mapping[$0] != nil }
            site.registry = registryKey.flatMap { mapping[$0] }.map { Field(node: $0) }
            ImageComposer(scope: surroundings.values).compose(&site)
            add(site)
            claims.keys.formUnion([key, tagKey])
        }
        return claims
    }
}

/// The keys that belong to a key such as `controllerImage` or `imageRepository`.
private struct SiblingNames {
    let tags: [String]
    let digests: [String]
    let registries: [String]

    /// Creates the names; `nil` for a key that is not the name of an image beside others.
    init?(of key: String) {
        let suffixes = ["Repository", "_repository", "-repository", "Image", "_image", "-image"]
        guard let suffix = suffixes.first(where: { key.hasSuffix($0) && key != $0 }) else {
            return nil
        }
        let stem = String(key.dropLast(suffix.count))
        let isImage = suffix.hasSuffix("mage")
        let stems = isImage ? [key, stem] : [stem]
        func names(_ words: [String]) -> [String] {
            stems.flatMap { stem in
                words.flatMap { word in
                    [
                        "\(stem)\(word.prefix(1).uppercased())\(word.dropFirst())",
                        "\(stem)_\(word)",
                        "\(stem)-\(word)",
                    ]
                }
            }
        }
        tags = names(["tag", "imageTag", "image_tag", "version"])
        digests = names(["digest", "imageDigest"])
        registries = names(["registry"])
    }
}

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
            site.skipTemplate()
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
            site.tagPath = path.appending(key: tagKey)
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
        func stem(without suffixes: [String]) -> String? {
            suffixes.first { key.hasSuffix($0) && key != $0 }.map { String(key.dropLast($0.count)) }
        }
        let stems: [String]
        if let stem = stem(without: ["Repository", "_repository", "-repository"]) {
            stems = [stem]
        } else {
            // `webImageName` and `webImage` belong to `webImageTag` or `webTag`.
            let name = stem(without: ["Name", "_name", "-name"]) ?? key
            guard ImageText.isImageKey(name), name != "image" || name != key else { return nil }
            let word = "image"
            let stem = name.dropLast(word.count)
            let outer = "_-".contains(stem.suffix(1)) ? stem.dropLast() : stem
            stems = [name, String(outer)].filter { !$0.isEmpty }
        }
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

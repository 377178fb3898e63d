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
        let reason = state.placement.reason(
            at: path, in: mapping, below: outerMapping, isText: false)
        let siblings = (mapping.node.entries ?? []).compactMap { entry in
            entry.key.text.flatMap { others.contains($0) ? nil : SiblingNames(of: $0) }
                .flatMap { SiblingImage($0, in: mapping, except: others) }
                .map { (node: entry.key, image: $0) }
        }
        let names = Dictionary(grouping: siblings, by: \.image.tagKey)
            .mapValues { Set($0.map(\.image.name)).count }
        for (node, sibling) in siblings {
            var site = ImageReferenceSite(
                fragment: fragment, document: document,
                path: path.appending(key: sibling.key), shape: .tag, at: node)
            sibling.read(into: &site, at: path)
            ImageComposer(scope: state.values).compose(&site)
            if let reason { site.skip(reason) }
            // A chart or a Git repository is nothing to list.
            if sibling.isOfOther, !(site.image.map { lock?.has($0.repository) ?? false } ?? false) {
                continue
            }
            if sibling.hasOwnVersion {
                site.missingIDReason =
                    "'\(sibling.tagKey)' may have other uses: add '# ocimirror: ID' or a rule"
                site.isUncertain = true
            } else if names[sibling.tagKey, default: 0] > 1 {
                site.missingIDReason =
                    "'\(sibling.tagKey)' can be the tag of several images: add '# ocimirror: ID' "
                    + "or a rule"
            }
            add(site)
            claims.keys.formUnion(sibling.keys)
        }
        let all = Claims(keys: claims.keys.union(others.keys), isAll: others.isAll)
        claims.keys.formUnion(claimSiblingOverlays(mapping, at: path, except: all).keys)
        return claims
    }
}

/// An image whose name and tag are the values of two keys such as `webImage` and `webTag`.
struct SiblingImage {
    /// The key of the tag.
    let tagKey: String
    /// The key of the digest; `nil` if there is none.
    let digestKey: String?
    /// The key of the name.
    let key: String
    let name: String
    /// Another key of the mapping that can have the tag; `nil` if there is none.
    let otherTagKey: String?
    /// The keys that can have the registry.
    let registryKeys: [String]
    /// A Boolean value that indicates whether the key can be about a chart or a Git repository.
    let isOfOther: Bool
    private let registryKey: String?
    private let mapping: MergedMapping

    /// A Boolean value that indicates whether the tag is in a variable, or in a key such as `webVersion`
    /// or `chartTag`, which is not that of an image.
    var hasOwnVersion: Bool {
        isOfOther
            || digestKey == nil
                && (key.hasSuffix("_IMAGE")
                    || (tagKey.hasSuffixIgnoringCase("version") && !ImageKeys.isImageTag(tagKey)))
    }

    /// The keys of the name, the tag and the digest.
    var keys: [String] { [key, tagKey] + [digestKey].compactMap(\.self) }

    /// Reads an image.
    ///
    /// - Parameters:
    ///   - names: The keys that can be parts of the image.
    ///   - mapping: The mapping.
    ///   - overlay: The mapping of another file that changes the registry and the digest of the image.
    ///   - others: The keys that belong to another image.
    ///   - overlaidTag: The key of the tag, if another file has the tag; `nil` if the mapping has it.
    init?(
        _ names: SiblingNames, in mapping: MergedMapping, under overlay: MergedMapping? = nil,
        except others: Claims = Claims(), overlaidTag: String? = nil
    ) {
        let mapping =
            overlay.map { mapping.overridden(by: $0, keys: names.registries + names.digests) }
            ?? mapping
        let key = names.key
        guard let repository = mapping[key], let name = MergedMapping.text(repository),
            let tagKey = names.tags.first(where: { tag in
                overlaidTag.map { $0 == tag } ?? (mapping.owns(tag) && !others.contains(tag))
            }), overlaidTag != nil || mapping[tagKey]?.text != nil
        else { return nil }
        let image = ImageText.reference(name)
        guard
            ImageText.isTemplate(name)
                || (image != nil && image?.tag == nil && image?.digest == nil)
        else { return nil }
        self.key = key
        self.name = name
        self.tagKey = tagKey
        isOfOther = names.isOfOther
        registryKeys = names.registries
        otherTagKey = names.tags.first { $0 != tagKey && mapping[$0] != nil }
        self.mapping = mapping
        digestKey = names.digests.first { mapping[$0].map(ImageKeys.mayBeDigest) ?? false }
        registryKey = names.registries.first { mapping[$0] != nil }
    }

    /// Sets the fields of a site.
    func read(into site: inout ImageReferenceSite, at path: SitePath) {
        site.repository = mapping[key].map { Field(node: $0) }
        site.tag = mapping[tagKey].map { Field(node: $0) }
        site.tagPath = path.appending(key: tagKey)
        if let digest = digestKey.flatMap({ mapping[$0] }) {
            site.shape = .digest
            site.digest = Field(node: digest)
            site.digestKey = digestKey
        }
        site.registry = registryKey.flatMap { mapping[$0] }.map { Field(node: $0) }
    }
}

/// The keys that belong to a key such as `controllerImage` or `imageRepository`.
struct SiblingNames {
    /// The key of the name.
    let key: String
    let tags: [String]
    let digests: [String]
    let registries: [String]
    /// A Boolean value that indicates whether the key can be about a chart or a Git repository.
    let isOfOther: Bool
    /// The keys of an overlay with which it can replace the name.
    let replacing: [String]

    /// Creates the names; `nil` for a key that is not the name of an image beside others.
    init?(of key: String) {
        func stem(without suffixes: [String]) -> String? {
            suffixes.first { key.hasSuffix($0) && key != $0 }.map { String(key.dropLast($0.count)) }
        }
        self.key = key
        let stems: [String]
        var isOfOther = false
        // Variables such as `WEB_IMAGE` and `WEB_TAG`.
        let isVariable = key.hasSuffix("_IMAGE")
        if let stem = stem(without: ["Repository", "_repository", "-repository"]) {
            isOfOther = ImageKeys.isOfOther(stem)
            stems = [stem]
        } else if let stem = stem(without: ["Repo", "_repo", "-repo"]), ImageText.isImageKey(stem) {
            stems = [stem]
        } else if isVariable {
            stems = [key, String(key.dropLast("_IMAGE".count))]
        } else {
            // `webImageName` and `webImage` belong to `webImageTag` or `webTag`.
            let name = stem(without: ["Name", "_name", "-name"]) ?? key
            guard ImageText.isImageKey(name), name != "image" || name != key else { return nil }
            let word = "image"
            let stem = name.dropLast(word.count)
            let outer = "_-".contains(stem.suffix(1)) ? stem.dropLast() : stem
            stems = [name, String(outer)].filter { !$0.isEmpty }
        }
        self.isOfOther = isOfOther
        func names(_ words: [String]) -> [String] {
            stems.flatMap { stem in
                words.flatMap { word in
                    isVariable
                        ? ["\(stem)_\(word.uppercased())"]
                        : [
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
        replacing =
            [key] + names(["image", "repository", "repo", "name", "imageName", "image_name"])
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Images that consist of several elements of a list.
extension SiteFinder {
    /// Finds images that consist of several elements.
    ///
    /// - Returns: The indices of the elements that must not be visited separately.
    mutating func claimList(
        _ items: [YAMLNode], of node: YAMLNode, at path: SitePath
    ) -> Set<Int> {
        if let key = path.key, Self.parameterKeys.contains(key) {
            return claimParameters(items, of: node, at: path)
        }
        return claimOptions(items, at: path)
    }

    private static let parameterKeys: Set<String> = ["parameters", "set", "setString"]

    /// Reads options and their values as separate elements: `[--manager-image, acme/manager:1]`.
    private mutating func claimOptions(_ items: [YAMLNode], at path: SitePath) -> Set<Int> {
        var claimed: Set<Int> = []
        let isBuild = items.contains { ["build", "buildx", "bud"].contains($0.text) }
        for index in items.indices.dropLast() {
            guard let option = items[index].text, option.hasPrefix("-"),
                !option.utf8.contains(UInt8(ascii: "=")), let text = items[index + 1].text,
                ImageText.pinnable(text) != nil
            else { continue }
            let reason = DigestPlacement.reason(forOption: option, isBuild: isBuild)
            guard reason != nil || ImageText.mentionsImage(option) else { continue }
            let path = path.appending(element: items[index + 1], at: index + 1)
            addReference(items[index + 1], text, at: path, skipping: reason)
            claimed.formUnion([index, index + 1])
        }
        return claimed
    }

    /// Reads `parameters` of an Argo CD application, and `set` of a Helmfile:
    /// `[{name: web.image.tag, value: 1.3.9}]`.
    ///
    /// Source: Argo CD, `HelmParameter`; Helmfile, `releases[].set`.
    private mutating func claimParameters(
        _ items: [YAMLNode], of list: YAMLNode, at path: SitePath
    ) -> Set<Int> {
        var groups: [[String]: [(index: Int, key: String, value: YAMLNode)]] = [:]
        for (index, item) in items.enumerated() {
            guard let name = item["name"]?.text, let value = item["value"] else { continue }
            let keys = name.split(separator: ".").map(String.init)
            guard let key = keys.last, keys.count > 1,
                ImageMappingReader.partKeys.contains(key), value.text != nil
            else { continue }
            groups[Array(keys.dropLast()), default: []].append((index, key, value))
        }
        var claimed: Set<Int> = []
        for (keys, parts) in groups.sorted(by: { $0.value[0].index < $1.value[0].index }) {
            let mapping = MergedMapping(
                listed: Dictionary(parts.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }),
                in: list)
            let imagePath = keys.reduce(path) { $0.appending(key: $1) }
            guard claimParameter(mapping, keys: keys, at: imagePath) else { continue }
            claimed.formUnion(parts.map(\.index))
        }
        return claimed
    }

    private mutating func claimParameter(
        _ mapping: MergedMapping, keys: [String], at path: SitePath
    ) -> Bool {
        let rule = rules.rule(for: path) ?? fieldRule(at: path)
        if claimPair(mapping, at: path, rule) != nil { return true }
        guard let (_, node) = mapping.first(of: ["tag", "imageTag", "digest", "sha"]),
            MergedMapping.text(node) != nil
        else { return false }
        let base: BaseImage? =
            if let files = context.files { baseImage(at: keys, in: files) } else { nil }
        guard base != nil || rule?.id != nil || ImageText.isImageKey(keys.last ?? "") else {
            return false
        }
        let tag = mapping.first(of: ["tag", "imageTag"])
        addOverlay(tag.map { Field(node: $0.value) }, of: mapping, at: path, base: base, rule: rule)
        return true
    }
}

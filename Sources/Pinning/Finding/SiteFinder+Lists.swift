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

    private static let parameterKeys: Set<String> = [
        "parameters", "set", "setString", "setValues", "setValueTemplates",
    ]

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
        let parameters = items.enumerated().compactMap { index, item in
            Parameter(item["name"], item["value"], at: index)
        }
        return claim(parameters, of: list, at: path)
    }

    /// Reads values with their paths as keys: `setValues: {web.image.tag: 1.3.9}`.
    ///
    /// Source: Skaffold, `deploy.helm.releases[].setValues`; Rancher, `HelmChart.spec.set`.
    mutating func claimParameters(of node: YAMLNode, at path: SitePath) -> Claims {
        guard let key = path.key, Self.parameterKeys.contains(key), let entries = node.entries
        else {
            return Claims()
        }
        let parameters = entries.enumerated().compactMap { index, entry in
            Parameter(entry.key, entry.value, at: index)
        }
        let claimed = claim(parameters, of: node, at: path)
        return Claims(keys: Set(claimed.compactMap { entries[$0].key.text }))
    }

    /// A part of an image that a file writes as a path and a value.
    private struct Parameter {
        let index: Int
        /// The path of the image.
        let keys: [String]
        /// The key of the part.
        let key: String
        let value: YAMLNode

        /// Creates a parameter; `nil` for one that is not a part of an image.
        init?(_ name: YAMLNode?, _ value: YAMLNode?, at index: Int) {
            let keys = (name?.text ?? "").split(separator: ".").map(String.init)
            guard let value, value.text != nil, let key = keys.last, keys.count > 1,
                ImageKeys.all.contains(key)
            else { return nil }
            self.index = index
            self.keys = Array(keys.dropLast())
            self.key = key
            self.value = value
        }
    }

    /// Reads the images that parameters consist of.
    ///
    /// - Returns: The indices of the parameters that belong to images.
    private mutating func claim(
        _ parameters: [Parameter], of node: YAMLNode, at path: SitePath
    ) -> Set<Int> {
        var claimed: Set<Int> = []
        let images = Dictionary(grouping: parameters, by: \.keys)
        for (keys, parts) in images.sorted(by: { $0.value[0].index < $1.value[0].index }) {
            let mapping = MergedMapping(
                listed: Dictionary(parts.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }),
                in: node)
            let claims = claimParameter(
                mapping, keys: keys, at: keys.reduce(path) { $0.appending(key: $1) })
            claimed.formUnion(parts.filter { claims.contains($0.key) }.map(\.index))
        }
        return claimed
    }

    private mutating func claimParameter(
        _ mapping: MergedMapping, keys: [String], at path: SitePath
    ) -> Claims {
        let outer = state.valuesDepth
        state.valuesDepth = path.count - keys.count
        defer { state.valuesDepth = outer }
        let rule = rules.rule(for: path) ?? fieldRule(at: path)
        if let claims = claimPair(mapping, at: path, rule) { return claims }
        guard let (_, node) = mapping.first(of: ImageKeys.overlay),
            MergedMapping.text(node) != nil
        else { return Claims() }
        let base = baseImage(at: keys, under: mapping)
        guard base.isFound || rule?.id != nil || ImageText.isImageKey(keys.last ?? "") else {
            return Claims()
        }
        return addOverlay(mapping, at: path, base: base, rule: rule) ?? Claims()
    }
}

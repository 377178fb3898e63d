// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety
internal import YAML

/// The `images` of kustomizations.
///
/// Their names are keys that kustomize compares with the names in manifests,
/// so a changed name would match nothing.
extension SiteFinder {
    /// Adds the entries of a mapping's `images`, if kustomize reads them.
    ///
    /// Source: kustomize, `Kustomization` and `Component`; Flux, `Kustomization` § Images.
    mutating func claimKustomization(_ mapping: MergedMapping, at path: SitePath) -> Claims? {
        guard let images = mapping["images"]?.items, isKustomization(mapping, at: path) else {
            return nil
        }
        let path = path.appending(key: "images")
        for (index, item) in images.enumerated() {
            addKustomizeImage(item, at: path.appending(element: item, at: index))
        }
        return Claims(keys: ["images"])
    }

    private func isKustomization(_ mapping: MergedMapping, at path: SitePath) -> Bool {
        let kind = resource.kind
        // `spec.postRenderers[].kustomize` of Flux's HelmRelease.
        if path.key == "kustomize", kind == "HelmRelease" { return true }
        if mapping.node.range == state.root.range {
            if let kind { return kind == "Kustomization" || kind == "Component" }
            let name = file.split(separator: "/").last ?? ""
            return name == "kustomization.yaml" || name == "kustomization.yml"
        }
        return kind == "Kustomization" && resource.spec == mapping.node.range
            && resource.apiVersion.hasPrefix("kustomize.toolkit.fluxcd.io/")
    }

    private mutating func addKustomizeImage(_ item: YAMLNode, at path: SitePath) {
        let entry = MergedMapping(item, anchors)
        guard let name = entry["name"], MergedMapping.text(name) != nil else { return }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .digest, at: item)
        site.mapping = item
        site.matchedName = Field(node: name)
        site.repository = entry["newName"].map { Field(node: $0) }
        site.tag = entry["newTag"].map { Field(node: $0) }
        site.digest = entry["digest"].map { Field(node: $0) }
        site.precedingKey = ["newTag", "newName", "name"].first(where: entry.owns)
        // A digest that is part of the tag must not be repeated in another key.
        if site.digest == nil, site.tag?.text.contains("@") == true { site.shape = .tag }
        if let repeated = entry.repeated(of: ["name", "newName", "newTag", "digest"]) {
            site.reject("duplicate key '\(repeated)'")
        }
        ImageComposer(scope: ValuesScope()).compose(&site)
        add(site)
    }

    /// Adds an element of `kustomize.images` of an Argo CD application,
    /// `[NAME=]NEWNAME[:TAG][@DIGEST]`.
    ///
    /// Argo CD passes it to `kustomize edit set image`, which reads everything before an `@` as a
    /// name. So a tag and a digest can be combined only after a `NAME=`.
    ///
    /// Source: Argo CD, `KustomizeImage`; kustomize, `kustomize/commands/edit/set/setimage.go`.
    mutating func addArgoImage(_ node: YAMLNode, _ text: String, at path: SitePath) {
        guard !ImageText.isTemplate(text) else { return addTemplate(node, at: path) }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .substring, at: node)
        site.matchedName = Field(node: node)
        site.reference = Field(node: node)
        if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
            let name = text.utf8.distance(from: text.startIndex, to: equals)
            func part(_ range: Range<Int>) -> Field.Part {
                let bytes = text.utf8.dropFirst(range.lowerBound).prefix(range.count)
                return Field.Part(
                    range: range, text: String(decoding: bytes, as: UTF8.self),
                    offset: node.offset(ofTextAt: range.lowerBound))
            }
            site.matchedName?.part = part(0..<name)
            site.reference?.part = part((name + 1)..<text.utf8.count)
        }
        guard let image = ImageText.reference(site.reference?.text ?? "") else {
            return addMentions(of: node, text, at: path)
        }
        site.image = image
        add(site)
    }

    /// Returns a Boolean value that indicates whether an element at the path is an image of an Argo
    /// CD application's kustomization.
    func isArgoImage(_ path: SitePath) -> Bool {
        path.key == nil && path.step(before: 1) == "images" && path.step(before: 2) == "kustomize"
    }
}

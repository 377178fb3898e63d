// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Tags and digests in overlays, whose repositories are in the chart or in a file below.
extension SiteFinder {
    /// Reads `image: {tag: 1.3.9}`, in which the repository is defined elsewhere.
    mutating func claimOverlay(
        _ mapping: MergedMapping, at path: SitePath, _ rule: PinRules.Rule?
    ) -> Claims? {
        let names = ["repository", "name", "image"]
        guard names.allSatisfy({ mapping.text($0) == nil }), mapping.text("hub") == nil,
            let (key, node) = mapping.first(of: ["tag", "imageTag", "digest", "sha"]),
            mapping.owns(key), node.text != nil
        else { return nil }
        let rule = rule ?? fieldRule(at: path)
        let base = baseImage(at: path)
        let isImage = ImageText.isImageKey(path.key ?? "")
        guard base != nil || rule?.id != nil || (isImage && MergedMapping.text(node) != nil) else {
            return nil
        }
        let tag = mapping.first(of: ["tag", "imageTag"])
        addOverlay(tag.map { Field(node: $0.value) }, of: mapping, at: path, base: base, rule: rule)
        return Claims(keys: ImageMappingReader.partKeys)
    }

    /// Adds the tag or the digest of an image whose repository is not beside it.
    ///
    /// - Parameters:
    ///   - tag: The tag, if there is one.
    ///   - mapping: The mapping with the tag; `nil` if keys cannot be added.
    ///   - path: The path of the mapping, or of the tag.
    ///   - base: The image in a file below.
    ///   - rule: The rule for the mapping.
    mutating func addOverlay(
        _ tag: Field?, of mapping: MergedMapping?, at path: SitePath, base: BaseImage? = nil,
        rule: PinRules.Rule? = nil
    ) {
        let digest = mapping?.first(of: ["digest", "imageDigest", "sha", "sha256"])?.value
        guard let anchor = tag?.node ?? digest ?? mapping?.node else { return }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .tag, at: anchor)
        site.tag = tag
        site.mapping = mapping?.node
        if let mapping {
            let reader = ImageMappingReader(
                mapping: mapping, path: path, scope: surroundings.values, rule: rule,
                isInResource: false)
            reader.readDigest(into: &site)
            reader.readOptions(into: &site)
            site.precedingKey = ["tag", "imageTag", "digest", "sha"].first(where: mapping.owns)
        }
        switch rule?.form {
        case .tag: (site.shape, site.digest) = (.tag, nil)
        case .digest: site.shape = .digest
        case .sha: site.shape = .sha
        case .reference, .skip, nil: break
        }
        let text = (tag?.text ?? "") + (site.digest?.text ?? "")
        if ImageText.isTemplate(text) {
            site.skip("template text")
        } else if let base {
            complete(&site, with: base)
        } else {
            site.siblingTag = ImageText.reference("image:\(tag?.text ?? "")")?.tag
            site.missingIDReason = ImageComposer.elsewhere("repository")
        }
        if site.shape == .tag, site.missingIDReason != nil { site.shape = .overlay }
        add(site, rule: rule)
    }

    /// Sets the image of a site, with the repository of a file below.
    private func complete(_ site: inout ImageReferenceSite, with base: BaseImage) {
        site.repositoryFile = base.file
        site.isTagReused = base.isTagReused
        if site.digest == nil, site.mapping != nil, let shape = base.digestShape {
            site.shape = shape
        }
        let stated = site.tag?.text ?? ""
        let suffix = site.suffix.map { "-\($0.text)" } ?? ""
        let parsed = ImageText.reference("image:\(stated)\(stated.contains("@") ? "" : suffix)")
        guard stated.isEmpty || parsed != nil else { return site.reject("invalid tag") }
        let digest = site.digest.flatMap { field in
            let text = field.text
            return try? Digest(parsing: text.contains(":") ? text : "sha256:\(text)")
        }
        site.image = Reference(
            base.repository, tag: parsed?.tag ?? base.tag, digest: parsed?.digest ?? digest)
    }

    /// Returns the image that a file below has at a path of the innermost values tree.
    private mutating func baseImage(at path: SitePath) -> BaseImage? {
        guard let files = context.files else { return nil }
        let keys = Array(path.steps.dropFirst(surroundings.valuesDepth))
        guard !keys.isEmpty, !keys.contains(where: { $0.hasPrefix("[") }) else { return nil }
        return baseImage(at: keys, in: files)
    }

    /// Returns the image that a file below has at a path of values.
    mutating func baseImage(at keys: [String], in files: RepositoryFiles) -> BaseImage? {
        guard baseBudget > 0 else { return nil }
        baseBudget -= 1
        var finder = BaseFinder(files: files, file: file)
        finder.chart = surroundings.chart
        return finder.image(at: keys)
    }
}

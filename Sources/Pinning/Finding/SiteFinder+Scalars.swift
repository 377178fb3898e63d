// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

extension SiteFinder {
    /// Visits a scalar that does not belong to an image mapping.
    mutating func visit(
        _ node: YAMLNode, text: String, style: YAMLNode.ScalarStyle, at path: SitePath
    ) {
        if let rule = rules.rule(for: path), rule.form != nil || rule.id != nil {
            addRuled(node, at: path, rule)
            return
        }
        let key = path.key ?? ""
        if style == .literal, text.contains("\n") {
            if isInventory(key) {
                addInventory(node, at: path)
            } else if !descend(into: node, at: path), ImageText.mentionsImage(key) {
                addLines(of: node, text, at: path)
            }
            return
        }
        if isArgoImage(path) {
            addArgoImage(node, text, at: path)
        } else if ImageText.isImageKey(key) {
            addReference(node, text, at: path)
        } else if let list = path.step(before: 1), ImageText.isImagesKey(list) {
            if ImageText.pinnable(text) != nil, !ImageText.isPatternKey(list) {
                addReference(node, text, at: path)
            }
        } else if let value = ImageText.optionValue(text) {
            addPart(
                Field.Part(
                    range: value,
                    text: String(decoding: text.utf8.dropFirst(value.lowerBound), as: UTF8.self),
                    offset: node.offset(ofTextAt: value.lowerBound)),
                of: node, at: path)
        } else if key.isEmpty, text.hasPrefix("-"), ImageText.isTemplate(text),
            ImageText.mentionsImage(text)
        {
            addTemplate(node, at: path)
        } else if text.utf8.contains(where: { $0 == 0x3A || $0 == 0x40 }),
            ImageText.mentionsImage(key), !key.containsIgnoringCase("image-updater"),
            ImageText.pinnable(text) != nil
        {
            addReference(node, text, at: path)
        }
    }

    /// Reads a text that is, or should be, a whole reference.
    mutating func addReference(_ node: YAMLNode, _ text: String, at path: SitePath) {
        guard !ImageText.isTemplate(text) else { return addTemplate(node, at: path) }
        guard let image = ImageText.reference(text), isString(node) else { return }
        // A single word, as in `image: logo`, is an image only in a container.
        guard image.tag != nil || image.digest != nil || isContainer(path) || text.contains("/"),
            !Self.isPicture(text)
        else { return }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .reference, at: node)
        site.reference = Field(node: node)
        site.image = image
        add(site)
    }

    private mutating func addPart(_ part: Field.Part, of node: YAMLNode, at path: SitePath) {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .substring, at: node)
        site.reference = Field(node: node, part: part)
        site.image = ImageText.pinnable(part.text)
        add(site)
    }

    mutating func addTemplate(_ node: YAMLNode, at path: SitePath) {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .template, at: node)
        site.skip("template text")
        add(site)
    }

    /// Reads the lines `version=reference` of a literal text.
    mutating func addLines(of node: YAMLNode, _ text: String, at path: SitePath) {
        let lines = Fragment.lines(of: node, in: found.fragments[fragment].stream.text)
        var start = 0
        for (number, line) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            if let (name, value, range) = ImageText.lineValue(line) {
                addPart(
                    Field.Part(
                        range: (start + range.lowerBound)..<(start + range.upperBound), text: value,
                        offset: lines.map { $0[number].offset + range.lowerBound }),
                    of: node, at: path.appending(key: name))
            }
            start += line.count + 1
        }
    }

    /// Reads the list of images for other tools in `Chart.yaml`.
    ///
    /// Source: Helm, `annotations`; Artifact Hub, `artifacthub.io/images`.
    private func isInventory(_ key: String) -> Bool {
        file.hasSuffix("Chart.yaml") && (key == "images" || key.hasSuffix("/images"))
    }

    private mutating func addInventory(_ node: YAMLNode, at path: SitePath) {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .inventory, at: node)
        site.skip("the list is for other tools and pins nothing")
        add(site)
    }

    /// Reads a scalar that a rule identifies, in the form of the rule.
    private mutating func addRuled(_ node: YAMLNode, at path: SitePath, _ rule: PinRules.Rule) {
        let text = MergedMapping.text(node) ?? ""
        let shape: ImageShape =
            switch rule.form {
            case .tag: .tag
            case .digest: .digest
            case .sha: .sha
            default: .reference
            }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: shape, at: node)
        switch shape {
        case .tag: site.tag = Field(node: node)
        case .digest, .sha: site.digest = Field(node: node)
        default:
            site.reference = Field(node: node)
            site.image = ImageText.reference(text)
        }
        if shape == .tag { site.siblingTag = ImageText.reference("image:\(text)")?.tag }
        if site.image == nil { site.missingIDReason = "the rule for this path needs an 'id'" }
        add(site, rule: rule)
    }

    /// Returns a Boolean value that indicates whether the path ends in the image of a container of
    /// a pod.
    private func isContainer(_ path: SitePath) -> Bool {
        guard path.key == "image" else { return false }
        return path.step(before: 2)?.hasSuffixIgnoringCase("containers") ?? false
    }

    private func isString(_ node: YAMLNode) -> Bool {
        if case .string = YAMLScalar(node) { true } else { false }
    }

    private static func isPicture(_ text: String) -> Bool {
        let text = text.lowercased()
        return [".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".ico", ".iso", ".qcow2", ".img"]
            .contains { text.hasSuffix($0) }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

extension SiteFinder {
    /// Visits a scalar that does not belong to an image mapping.
    mutating func visit(
        _ node: YAMLNode, text: String, style: YAMLNode.ScalarStyle, at path: SitePath
    ) {
        if let rule = rules.rule(for: path), rule.form != nil || rule.id != nil {
            return addStated(node, at: path, rule)
        }
        if style == .singleQuoted || style == .doubleQuoted, Self.mayQuoteYAML(text),
            found.fragments[fragment].directives.directive(forLine: node.mark.line) == nil,
            descend(into: node, at: path)
        {
            return
        }
        if style == .literal || style == .folded,
            Self.isBlock(text) || Self.hasAssignments(path.key ?? "")
        {
            return visitBlock(node, text: text, style: style, at: path)
        }
        if isArgoImage(path) { return addArgoImage(node, text, at: path) }
        let count = found.sites.count
        if Self.mayBeImage(text) || resource.isCloudBuild || ImageText.isImageKey(path.key ?? "") {
            visitValue(node, text, at: path)
        }
        guard found.sites.count == count, !addDirected(node, text, at: path) else { return }
        addMentions(of: node, text, at: path)
    }

    /// Returns a Boolean value that indicates whether a text in quotes can be YAML or JSON with images.
    private static func mayQuoteYAML(_ text: String) -> Bool {
        guard let first = text.utf8.first,
            "{[".utf8.contains(first) || text.utf8.contains(UInt8(ascii: "\n"))
        else { return false }
        return text.utf8.contains(UInt8(ascii: ":")) && text.containsIgnoringCase("image")
    }

    /// Returns a Boolean value that indicates whether a text has a character that every image has,
    /// except for one that only its key indicates.
    private static func mayBeImage(_ text: String) -> Bool {
        text.utf8.contains { byte in
            switch byte {
            case 0x24, 0x2F, 0x3A, 0x40, 0x7B: true
            default: false
            }
        }
    }

    /// Returns a Boolean value that indicates whether a text has several lines, or one that can be
    /// YAML.
    private static func isBlock(_ text: String) -> Bool {
        let lines = text.utf8.drop { $0 == 0x0A }
        guard let end = lines.firstIndex(of: 0x0A) else { return text.contains(": ") }
        return lines[end...].contains { $0 != 0x0A } || text.contains(": ")
    }

    /// Adds the image of a scalar of one line, if its key or its text indicate one.
    private mutating func visitValue(_ node: YAMLNode, _ text: String, at path: SitePath) {
        let key = path.key ?? ""
        if text.utf8.contains(where: { $0 == 0x3A || $0 == 0x2F }), isAnnotation(path),
            !DigestPlacement.isPulled(annotation: key)
        {
            return
        }
        if text.hasPrefix(Self.scheme), let image = ImageText.pinnable(Self.dropScheme(text)) {
            addPart(Self.scheme.utf8.count..<text.utf8.count, as: image, of: node, text, at: path)
        } else if ImageText.isImageKey(key) {
            addReference(node, text, at: path)
        } else if Self.isInImages(path) {
            if ImageText.pinnable(text) != nil { addReference(node, text, at: path) }
        } else if path.key == nil, ImageText.isImageKey(path.step(before: 1) ?? ""),
            ImageText.isProbablyImage(text)
        {
            addReference(node, text, at: path)
        } else if let option = ImageText.option(in: text)
            ?? (key.isEmpty ? ImageText.variable(in: text) : nil)
        {
            let reason =
                DigestPlacement.reason(forOption: option.name)
                ?? state.placement.reason(
                    at: (path.parent ?? path).appending(key: String(option.name)), in: nil,
                    isText: true)
            addPart(
                option.value, as: option.image, of: node, text, at: path, skipping: reason)
        } else if isStep(path)
            || (isChoice(path) && ImageText.isProbablyImage(text))
            || (isTyped(path, text) && ImageText.pinnable(text) != nil)
            || (isService(path, text) && ImageText.isProbablyImage(text))
        {
            addReference(node, text, at: path)
        } else if key.isEmpty, text.hasPrefix("-"), ImageText.isTemplate(text),
            ImageText.mentionsImage(text)
        {
            addTemplate(node, at: path)
        } else if text.utf8.contains(where: { $0 == 0x3A || $0 == 0x40 }),
            ImageText.mentionsImage(key), ImageText.isProbablyImage(text)
        {
            addReference(node, text, at: path)
        } else if resource.kind == "ConfigMap", path.step(before: 1) == "data",
            ImageText.hasRegistry(text), ImageText.pinnable(text) != nil
        {
            addReference(node, text, at: path)
        }
    }

    /// Returns a Boolean value that indicates whether the value is one of several images.
    ///
    /// Source: OpenStack-Helm, `images.tags`.
    private static func isInImages(_ path: SitePath) -> Bool {
        guard let list = path.step(before: 1) else { return false }
        return ImageText.isImagesKey(list)
            || (list == "tags" && path.step(before: 2).map(ImageText.isImagesKey) ?? false)
    }

    private static let scheme = "docker://"

    private static func dropScheme(_ text: String) -> String {
        String(text.dropFirst(scheme.count))
    }

    /// Returns a Boolean value that indicates whether the value is one of the choices for an image:
    /// `image: {value: …, options: […]}`.
    private func isChoice(_ path: SitePath) -> Bool {
        let lists: Set<String> = ["options", "choices", "values", "enum", "allowedValues"]
        if let key = path.key {
            return (key == "value" || key == "default")
                && path.step(before: 1).map(ImageText.mentionsImage) ?? false
        }
        return path.step(before: 1).map(lists.contains) ?? false
            && path.step(before: 2).map(ImageText.mentionsImage) ?? false
    }

    /// Returns a Boolean value that indicates whether the type of the resource makes the field an
    /// image.
    ///
    /// Source: Tekton, bundles; Crossplane, `pkg.crossplane.io`; GitHub Actions,
    /// `jobs.<id>.container`; Azure Pipelines, `container`.
    private func isTyped(_ path: SitePath, _ text: String) -> Bool {
        switch path.key {
        case "bundle": isTekton
        case "container":
            (path.count == 3 && path.step(before: 2) == "jobs")
                || (resource.apiVersion.isEmpty && ImageText.hasRegistry(text))
        case "package":
            resource.apiVersion.hasPrefix("pkg.crossplane.io/") && path.step(before: 1) == "spec"
        default: false
        }
    }

    /// Returns a Boolean value that indicates whether the value is the name of a step of Cloud Build,
    /// which is an image.
    ///
    /// Source: Cloud Build, build configuration file schema § `name`.
    private func isStep(_ path: SitePath) -> Bool {
        resource.isCloudBuild && path.key == "name" && path.step(before: 2) == "steps"
            && path.count == 3
    }

    /// Returns a Boolean value that indicates whether the value is a service of GitLab: an element of
    /// `services`, or its `name`.
    ///
    /// Source: GitLab, CI/CD YAML syntax reference § `services`.
    private func isService(_ path: SitePath, _ text: String) -> Bool {
        let isElement =
            path.key == nil
            ? path.step(before: 1) == "services"
            : path.key == "name" && path.step(before: 2) == "services" && mapping?["image"] == nil
        guard isElement, resource.apiVersion.isEmpty, resource.kind == nil else { return false }
        return ImageText.hasRegistry(text) || file.contains("gitlab-ci")
            || file.split(separator: "/").contains(".gitlab")
    }

    /// Returns a Boolean value that indicates whether the value is an annotation.
    private func isAnnotation(_ path: SitePath) -> Bool {
        path.key != nil && path.step(before: 1)?.hasSuffix("nnotations") ?? false
    }

    /// Reads a text that is, or should be, a whole reference.
    ///
    /// - Parameters:
    ///   - node: The scalar.
    ///   - text: The text of the scalar.
    ///   - path: The path of the scalar.
    ///   - reason: The reason for which the image gets no digest; `nil` if it can have one.
    mutating func addReference(
        _ node: YAMLNode, _ text: String, at path: SitePath, skipping reason: String? = nil
    ) {
        if ImageText.isTemplate(text) {
            guard let value = ImageText.defaultValue(in: text) else {
                return addTemplate(node, at: path)
            }
            return addPart(
                value.range, as: value.image, of: node, text, at: path, skipping: reason)
        }
        guard !text.isEmpty, !node.isNull else { return }
        guard let image = ImageText.reference(text), isString(node) else {
            return reject(node, at: path, because: "the value is not a reference")
        }
        if addBelowHub(node, text, at: path) { return }
        guard image.tag != nil || image.digest != nil || isContainer(path) || text.contains("/")
        else {
            return reject(
                node, at: path, because: "a single word is an image only in a container of a pod")
        }
        guard !Self.isPicture(text) else {
            return reject(node, at: path, because: "the value is the name of a picture")
        }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .reference, at: node)
        site.reference = Field(node: node)
        site.image = image
        completeRegistry(of: &site, written: text)
        if let reason { site.skip(reason) }
        add(site)
    }

    /// Adds an image that is a part of a scalar's text, as a range of bytes.
    mutating func addPart(
        _ range: Range<Int>, as image: Reference, of node: YAMLNode, _ text: String,
        at path: SitePath, skipping reason: String? = nil
    ) {
        let bytes = text.utf8.dropFirst(range.lowerBound).prefix(range.count)
        let part = Field.Part(
            range: range, text: String(decoding: bytes, as: UTF8.self),
            offset: node.offset(ofTextAt: range.lowerBound))
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .substring, at: node)
        site.reference = Field(node: node, part: part)
        site.image = image
        if let reason { site.skip(reason) }
        add(site)
    }

    mutating func addTemplate(_ node: YAMLNode, at path: SitePath) {
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .template, at: node)
        site.skipTemplate()
        add(site)
    }

    /// Reads a scalar that a rule or a directive identifies, in the form of the rule, or else of its
    /// key.
    mutating func addStated(_ node: YAMLNode, at path: SitePath, _ rule: PinRules.Rule?) {
        let text = MergedMapping.text(node) ?? ""
        let shape: ImageShape =
            switch rule?.form {
            case .tag: .tag
            case .digest: .digest
            case .sha: .sha
            case .reference, .skip: .reference
            case nil:
                ImageText.reference(text)?.tag == nil ? ImageKeys.shape(of: path.key) : .reference
            }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: shape, at: node)
        switch shape {
        case .tag:
            site.tag = Field(node: node)
            site.tagPath = path
            site.isTagPermitted = rule?.form == .tag
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
        // An image of a virtual machine of Google Cloud.
        return text.hasPrefix("projects/")
            || [".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".ico", ".iso", ".qcow2", ".img"]
                .contains { text.hasSuffix($0) }
    }
}

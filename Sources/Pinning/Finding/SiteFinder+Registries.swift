// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Registries that a file states once for several images, and that a chart or a base overlay has.
///
/// A key around an image need not apply to it. Docker Hub has no repositories of more than two
/// components, so that a longer name without a registry needs one; for all other names, the image is
/// reported as uncertain if the lock file has it in the registry.
extension SiteFinder {
    /// A registry outside of the mapping of an image.
    struct OuterRegistry {
        let text: String
        /// The value in this file; `nil` for a registry of another file.
        let node: YAMLNode?
        /// The other file.
        let file: String?
        /// A Boolean value that indicates whether the key is known to apply to the image.
        var isCertain = false

        var mark: YAMLMark? { node?.mark }

        var place: String { mark.map { "at \($0)" } ?? "in \(file ?? "another file")" }

        /// Returns the image with a name below the registry.
        func image(named name: String) -> Reference? {
            ImageText.reference("\(ImageComposer.trimmed(text))/\(name)")
        }

        func isCertain(for name: String) -> Bool {
            isCertain || name.split(separator: "/").count > 2
        }

        var uncertainty: String {
            "the registry \(place) may be that of the image: add '# ocimirror: ID' or a rule"
        }
    }

    private static let registryKeys = ["registry", "imageRegistry", "hub"]

    /// Sets the image of a site whose parts have no registry.
    ///
    /// - Parameters:
    ///   - site: The site, as read.
    ///   - reader: The reader of its mapping.
    mutating func completeRegistry(
        of site: inout ImageReferenceSite, with reader: ImageMappingReader
    ) {
        guard !isInResource, site.obstacle == nil, site.overridingRegistry == nil,
            site.missingIDReason == nil || reader.lacksRegistry(site),
            site.registry?.text.isEmpty ?? true,
            let name = site.repository?.text, !ImageText.hasRegistry(name),
            site.image.map({ $0.repository.registry == .dockerHub }) ?? reader.lacksRegistry(site),
            let outer = outerRegistry(of: name)
                ?? registryBelow(site.path, isStated: site.registry != nil)
        else { return }
        var reader = reader
        reader.outerRegistry = outer.text
        var other = site
        other.image = nil
        other.missingIDReason = nil
        reader.compose(&other)
        guard let image = other.image else {
            if other.isSkipped { site = other }
            return
        }
        guard image != site.image else {
            site.overridingRegistry = outer.mark
            return
        }
        let isOnHub = site.image.flatMap { image in lock?.has(image.repository) } ?? false
        if outer.isCertain(for: name), !isOnHub {
            site = other
            site.overridingRegistry = outer.mark
            site.repositoryFile = outer.file
        } else if isOnHub || lock?.has(image.repository) ?? true {
            site.siblingTag = image.tag
            site.image = nil
            site.missingIDReason = outer.uncertainty
        }
    }

    /// Returns the registry around an image, or that of Istio's charts for names of one component.
    private mutating func outerRegistry(of name: String) -> OuterRegistry? {
        if let outer = surroundingRegistry() { return outer }
        let values = state.values
        guard let node = values.outerRegistry, let text = MergedMapping.text(node) else {
            return nil
        }
        return OuterRegistry(
            text: text, node: node, file: nil, isCertain: values.hub != nil && !name.contains("/"))
    }

    /// Sets the image of a whole reference without a registry, such as `{registry, image: web:1}`.
    mutating func completeRegistry(of site: inout ImageReferenceSite, written text: String) {
        guard !isInResource, let lock, !ImageText.hasRegistry(text), let hub = site.image else {
            return
        }
        let values = state.values
        let stated = [values.registry, values.defaultRegistry].compactMap { node in
            node.flatMap { node in
                MergedMapping.text(node).map { OuterRegistry(text: $0, node: node, file: nil) }
            }
        }
        let isOnHub = lock.has(hub.repository)
        // A registry beside a reference is hardly that of other images.
        let beside = isOnHub ? mapping.flatMap { registry(of: $0) } : nil
        for outer in [beside, surroundingRegistry()].compactMap(\.self) + stated {
            guard let image = outer.image(named: text), image.repository != hub.repository,
                lock.has(image.repository) || (isOnHub && outer.mark == beside?.mark)
            else { continue }
            if outer.isCertain(for: text), !isOnHub {
                site.image = image
                site.overridingRegistry = outer.mark
            } else {
                site.siblingTag = hub.tag
                site.image = nil
                site.missingIDReason = outer.uncertainty
            }
            return
        }
    }

    /// Lists an image of the lock file that has only a name below `global.hub`, whose tag is elsewhere.
    ///
    /// - Returns: A Boolean value that indicates whether there is one.
    mutating func addBelowHub(_ node: YAMLNode, _ text: String, at path: SitePath) -> Bool {
        guard let lock, !text.contains("/"), !text.contains(":"),
            let hub = state.values.hub.flatMap(MergedMapping.text),
            let image = ImageText.reference("\(ImageComposer.trimmed(hub))/\(text)"),
            lock.has(image.repository)
        else { return false }
        var site = ImageReferenceSite(
            fragment: fragment, document: document, path: path, shape: .mention, at: node)
        site.image = image
        site.reject("its registry and its version are defined elsewhere: write the whole reference")
        add(site)
        return true
    }

    /// Returns the registry in the innermost mapping around an image that has one.
    private mutating func surroundingRegistry() -> OuterRegistry? {
        for mapping in mappings[state.outerMappingsOfValues...].reversed() {
            if let registry = registry(of: mapping) { return registry }
        }
        return nil
    }

    /// Returns the registry in a mapping, which is searched once, because it can have thousands of images.
    private mutating func registry(of mapping: YAMLNode) -> OuterRegistry? {
        let value = FoundSites.Value(fragment: fragment, range: mapping.range)
        if let known = registries[value] { return known }
        let registry = Self.registry(in: mapping)
        registries[value] = .some(registry)
        return registry
    }

    private static func registry(in mapping: YAMLNode) -> OuterRegistry? {
        for key in registryKeys {
            guard let node = mapping[key], let text = MergedMapping.text(node),
                ImageText.isRegistry(text) || ImageText.isTemplate(text)
            else { continue }
            return OuterRegistry(text: text, node: node, file: nil)
        }
        return nil
    }

    /// Looks up the registry that a file below has for an image.
    ///
    /// - Parameters:
    ///   - path: The path of the image.
    ///   - isStated: A Boolean value that indicates whether the mapping has a registry, which replaces
    ///     that of the same mapping in the other file.
    /// - Returns: The registry; `nil` if there is none.
    private mutating func registryBelow(_ path: SitePath, isStated: Bool) -> OuterRegistry? {
        guard let keys = valuesKeys(of: path), !keys.isEmpty else { return nil }
        let found = withBases { $0.registry(at: keys, isReplaced: isStated) } ?? nil
        return found.map {
            OuterRegistry(text: $0.text, node: nil, file: $0.file, isCertain: $0.isCertain)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Registries that a file states once for several images, and that a chart or a base overlay has.
///
/// They are never certain: where the lock file has the image at Docker Hub instead, no image is
/// chosen.
extension SiteFinder {
    /// A registry outside of the mapping of an image.
    private struct OuterRegistry {
        let text: String
        /// The value in this file; `nil` for a registry of another file.
        let node: YAMLNode?
        /// The other file.
        let file: String?

        var mark: YAMLMark? { node?.mark }

        var place: String { mark.map { "at \($0)" } ?? "in \(file ?? "another file")" }
    }

    private static let keys = ["registry", "imageRegistry", "hub"]

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
            let outer = surroundingRegistry() ?? registryBelow(site.path)
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
        guard image == site.image || isPreferred(image, to: site.image) else {
            site.siblingTag = image.tag
            site.image = nil
            site.missingIDReason =
                "the registry \(outer.place) may be that of the image: add '# ocimirror: ID' or a rule"
            return
        }
        site = other
        site.overridingRegistry = outer.mark
        site.repositoryFile = outer.file
    }

    /// Returns a Boolean value that indicates whether an image with an outer registry is the right one.
    private func isPreferred(_ image: Reference, to other: Reference?) -> Bool {
        guard let lock, let other else { return true }
        return !lock.has(other.repository)
    }

    /// Returns the image of a whole reference beside a registry, such as `{registry, image: web:1}`.
    ///
    /// - Returns: The image with the registry, and the position of the registry; `nil` if there is none.
    func imageBesideRegistry(_ text: String) -> (image: Reference, mark: YAMLMark)? {
        guard !isInResource, !ImageText.hasRegistry(text), let mapping else { return nil }
        for key in Self.keys {
            guard let node = mapping[key], let registry = MergedMapping.text(node),
                ImageText.isRegistry(registry),
                let image = ImageText.reference("\(ImageComposer.trimmed(registry))/\(text)")
            else { continue }
            return (image, node.mark)
        }
        guard let lock, ImageText.reference(text).map({ !lock.has($0.repository) }) ?? false else {
            return nil
        }
        // A registry elsewhere applies if the lock file has the image there.
        let values = surroundings.values
        for node in [values.registry, values.defaultRegistry, surroundingRegistry()?.node] {
            guard let node, let registry = MergedMapping.text(node),
                let image = ImageText.reference("\(ImageComposer.trimmed(registry))/\(text)"),
                lock.has(image.repository)
            else { continue }
            return (image, node.mark)
        }
        return nil
    }

    /// Lists an image of the lock file that has only a name below `global.hub`, whose tag is elsewhere.
    ///
    /// - Returns: A Boolean value that indicates whether there is one.
    mutating func addBelowHub(_ node: YAMLNode, _ text: String, at path: SitePath) -> Bool {
        guard let lock, !text.contains("/"), !text.contains(":"),
            let hub = surroundings.values.hub.flatMap(MergedMapping.text),
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
    private func surroundingRegistry() -> OuterRegistry? {
        for mapping in mappings[surroundings.outerMappingsOfValues...].reversed() {
            for key in Self.keys {
                guard let node = mapping[key], let text = MergedMapping.text(node),
                    ImageText.isRegistry(text) || ImageText.isTemplate(text)
                else { continue }
                return OuterRegistry(text: text, node: node, file: nil)
            }
        }
        return surroundings.values.outerRegistry.flatMap { node in
            MergedMapping.text(node).map { OuterRegistry(text: $0, node: node, file: nil) }
        }
    }

    /// Returns the registry that a file below has for an image.
    private mutating func registryBelow(_ path: SitePath) -> OuterRegistry? {
        guard let keys = valuesKeys(of: path), !keys.isEmpty else { return nil }
        let found = withBases { $0.registry(at: keys) } ?? nil
        return found.map { OuterRegistry(text: $0.text, node: nil, file: $0.file) }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Directives in comments: on the line of an image, and for all images of a mapping.
extension SiteFinder {
    /// A directive on the line of the key of a mapping, or above an element of a list.
    struct MappingDirective {
        let directive: PinDirectives.Directive
        /// The range of the mapping.
        let range: Range<Int>
        /// The path of the mapping.
        let path: SitePath
    }

    /// Returns the directives for a site, and marks them as used.
    mutating func directives(of site: ImageReferenceSite) -> [PinDirectives.Directive] {
        let fragment = found.fragments[site.fragment]
        guard !fragment.directives.isEmpty else { return [] }
        var lines = (site.fields.map(\.node) + [site.anchor]).map(\.mark.line)
        // A line of a text that is not YAML itself.
        if let offset = site.reference?.part?.offset {
            lines.append(fragment.stream.text.mark(at: offset).line)
        }
        var directives = lines.compactMap { fragment.directives.directive(forLine: $0) }
            .filter { $0.isSkip || permits($0.word, site) }
        if let outer = state.directive, applies(outer, to: site) {
            directives.append(outer.directive)
        }
        for directive in directives { use(directive) }
        return directives
    }

    /// Returns a Boolean value that indicates whether a directive can be about a site.
    ///
    /// A line can name several images, of which a directive identifies one.
    private func permits(_ id: String, _ site: ImageReferenceSite) -> Bool {
        guard let lock, let image = site.image else { return true }
        return lock.permits(id, for: image.repository)
            || (!site.isMention && !lock.has(image.repository))
    }

    /// Returns a Boolean value that indicates whether the directive for a mapping is about a site: an
    /// image that consists of keys of the mapping, or one of the entry's repository in it.
    private func applies(_ outer: MappingDirective, to site: ImageReferenceSite) -> Bool {
        guard mapping?.range == outer.range else { return false }
        guard site.path != outer.path else { return true }
        return site.image.map { image in
            lock?.identifies(image.repository, by: outer.directive.word) ?? false
        } ?? false
    }

    /// Marks a directive of the current fragment as used.
    private mutating func use(_ directive: PinDirectives.Directive) {
        found.usedDirectives.insert(fileLine(of: directive))
    }

    /// Returns the line of the file with a directive of the current fragment.
    private func fileLine(of directive: PinDirectives.Directive) -> Int {
        let inner = found.fragments[fragment]
        let start = inner.stream.text.range(ofLine: directive.line).lowerBound
        return found.fragments[0].stream.text.mark(at: inner.fileOffset(start)).line
    }

    /// Returns the directive on the line of a key whose value is a mapping or a list on other lines.
    func directive(for value: YAMLNode, of key: YAMLNode) -> PinDirectives.Directive? {
        guard !found.fragments[fragment].directives.isEmpty, Self.isCollection(value),
            value.mark.line > key.mark.line
        else { return nil }
        return found.fragments[fragment].directives.directive(forLine: key.mark.line)
    }

    /// Returns the directive alone on the line above an element of a list.
    func directive(above element: YAMLNode) -> PinDirectives.Directive? {
        guard !found.fragments[fragment].directives.isEmpty, Self.isCollection(element) else {
            return nil
        }
        return found.fragments[fragment].directives.directive(above: element.mark.line)
    }

    private static func isCollection(_ node: YAMLNode) -> Bool {
        switch node.kind {
        case .mapping, .sequence: true
        case .scalar, .alias: false
        }
    }

    /// Enters a value with the directive for it.
    mutating func enter(
        _ directive: PinDirectives.Directive, of node: YAMLNode, at path: SitePath
    ) {
        if directive.isSkip {
            state.isSkipped = true
            use(directive)
        } else {
            state.directive = MappingDirective(
                directive: directive, range: node.range, path: path)
        }
    }

    /// Adds a scalar that only a directive identifies: a tag, a digest or a reference.
    ///
    /// - Returns: A Boolean value that indicates whether there is such a directive.
    mutating func addDirected(_ node: YAMLNode, _ text: String, at path: SitePath) -> Bool {
        let directives = found.fragments[fragment].directives
        guard !directives.isEmpty,
            let directive = directives.directive(forLine: node.mark.line), !directive.isSkip,
            ImageKeys.canHoldVersion(path.key, text) || ImageText.pinnable(text) != nil,
            !found.usedDirectives.contains(fileLine(of: directive))
        else { return false }
        addStated(node, at: path, nil)
        return true
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Combines the parts of a name to the image that a chart uses.
///
/// A registry that the file does not have is never guessed.
struct ImageComposer {
    let scope: ValuesScope
    /// The registry of images for which nothing else states one.
    var outerRegistry: String?
    /// A Boolean value that indicates whether the image is below the scope's common registry.
    var usesCommonRegistry = false
    /// The repository below which the image is.
    var parent: YAMLNode?
    /// A Boolean value that indicates whether the name is incomplete without a parent.
    var requiresParent = false
    /// The text that the chart adds to the tag, in a way that only the chart knows.
    var tagPrefix: YAMLNode?

    /// The registry of an image, and the value that overrides the image's own one.
    private struct Registry {
        var text: String
        var overriding: YAMLMark?
    }

    /// Sets the image of a site from its fields, or the reason for which it is unknown.
    func compose(_ site: inout ImageReferenceSite) {
        let parents = [scope.parentRepository, scope.defaultRepository].compactMap { $0?.range }
        if let repository = site.repository, parents.contains(repository.node.range) {
            return site.skip("other images are below this repository")
        }
        var written = site.repository?.text ?? ""
        if written.isEmpty { written = site.matchedName?.text ?? "" }
        if written.isEmpty, let other = scope.defaultRepository { written = text(other) }
        let registry = registry(of: site, named: written)
        site.overridingRegistry = registry.overriding
        let parts = [registry.text, parent.map(text) ?? "", written, site.leaf?.text ?? ""]
            .filter { !$0.isEmpty }
        let tag = site.tag.map(\.text).flatMap { $0.isEmpty ? nil : $0 } ?? defaultTag(of: site)
        let digest = site.digest?.text ?? ""
        guard !ImageText.isTemplate(parts.joined() + tag + digest) else {
            return site.skipTemplate()
        }
        guard let named = ImageText.reference(parts.joined(separator: "/")), named.digest == nil
        else { return site.reject("invalid repository name") }
        var image = named
        if !tag.isEmpty {
            let suffix = site.suffix.map { "-\($0.text)" } ?? ""
            // An operator reads a digest in place of a version as a digest.
            let joined = tag.hasPrefix("sha256:") ? "@\(tag)" : ":\(Self.fold(tag, suffix))"
            guard named.tag == nil, let whole = ImageText.reference("\(named.repository)\(joined)")
            else { return site.reject("invalid tag") }
            image = whole
        }
        if !digest.isEmpty {
            let full = digest.contains(":") ? digest : "sha256:\(digest)"
            image = Reference(
                image.repository, tag: image.tag, digest: try? Digest(parsing: full))
        }
        if let reason = missingPart(of: site, registry: registry.text, named: written) {
            site.siblingTag = image.tag
            site.missingIDReason = reason
        } else {
            site.image = image
        }
    }

    private func registry(of site: ImageReferenceSite, named name: String) -> Registry {
        let own = Self.trimmed(site.registry?.text ?? "")
        let hasRegistry =
            name.split(separator: "/", maxSplits: 1).count == 2
            && ImageText.isHost(name.prefix { $0 != "/" })
        if let global = scope.registry, site.registry != nil || !hasRegistry {
            return Registry(text: Self.trimmed(text(global)), overriding: global.mark)
        }
        guard own.isEmpty, !hasRegistry else { return Registry(text: own) }
        let other = usesCommonRegistry ? scope.commonRegistry : scope.defaultRegistry
        return Registry(text: Self.trimmed(other.map(text) ?? outerRegistry ?? ""))
    }

    /// Returns the reason for which the file does not identify the image; `nil` if it does.
    private func missingPart(
        of site: ImageReferenceSite, registry: String, named name: String
    ) -> String? {
        if requiresParent, parent == nil { return Self.elsewhere("repository") }
        let isShort = !name.contains("/") && site.leaf == nil && parent == nil
        if registry.isEmpty, usesCommonRegistry || (site.registry != nil && isShort) {
            return Self.elsewhere("registry")
        }
        if tagPrefix != nil, site.tag?.text.isEmpty ?? true {
            return "the chart adds 'tagPrefix' to the tag: add '# ocimirror: ID' or a rule"
        }
        return nil
    }

    private func defaultTag(of site: ImageReferenceSite) -> String {
        guard let tag = scope.defaultTag, site.registry != nil, site.leaf != nil else { return "" }
        let text = text(tag)
        return ImageText.isTemplate(text) ? "" : text
    }

    private func text(_ node: YAMLNode) -> String { MergedMapping.text(node) ?? "" }

    /// Returns the reason for a part that another file has.
    static func elsewhere(_ part: String) -> String {
        "the \(part) is defined elsewhere: add '# ocimirror: ID' or a rule"
    }

    /// Returns a registry without the slash that some charts expect after it.
    static func trimmed(_ registry: String) -> String {
        var rest = Substring(registry)
        while rest.last == "/" { rest.removeLast() }
        return String(rest)
    }

    /// Returns a tag with the suffix of the chart, which belongs before a digest.
    private static func fold(_ tag: String, _ suffix: String) -> String {
        guard !suffix.isEmpty, let at = tag.firstIndex(of: "@") else { return tag + suffix }
        return tag[..<at] + suffix + tag[at...]
    }
}

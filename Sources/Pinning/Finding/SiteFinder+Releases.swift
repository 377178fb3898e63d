// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Images of releases, whose name another source of values can change.
extension SiteFinder {
    /// Enters a mapping that can be a release, or a template of releases.
    mutating func enterRelease(_ node: YAMLNode, at path: SitePath) {
        if let releases = state.helmfile?.releases(of: node) {
            (state.releases, state.fragmentOfReleases) = (releases, fragment)
            let charts = Set(releases.compactMap(\.chart))
            if let chart = charts.first {
                state.chart = charts.count == 1 ? chart : .remote
            }
            return
        }
        if let release = ReleaseValues(node, anchors) {
            (state.releases, state.fragmentOfReleases) = ([release], fragment)
        }
        if let patched = patchedReleases(node) {
            (state.releases, state.fragmentOfReleases) = (patched, fragment)
        }
        if let chart = ChartLocation(of: node, isElement: path.key == nil) {
            state.chart = chart
        }
    }

    /// Returns the resource with the values of a mapping that patches can change; `nil` for another mapping.
    private func patchedResource(_ node: YAMLNode) -> PatchedReleases.Resource? {
        if let kind = resource.kind {
            guard ["HelmRelease", "HelmChart"].contains(kind), node.range == resource.spec else {
                return nil
            }
            return resource.name.map { name in
                PatchedReleases.Resource(kind: kind, name: name, namespace: resource.namespace)
            }
        }
        let isFleet = file.split(separator: "/").last == "fleet.yaml"
        return isFleet && node.range == state.root["helm"]?.range ? .fleet : nil
    }

    /// Returns the release of a mapping with each of its patches; `nil` without a patch.
    private func patchedReleases(_ node: YAMLNode) -> [ReleaseValues]? {
        guard let resource = patchedResource(node),
            let patches = context.files?.patches(of: resource, in: file), !patches.isEmpty
        else { return nil }
        let part = ReleaseValues.Part(mapping: MergedMapping(node, anchors), anchors: anchors)
        let own = ReleaseValues([part]).sources
        return patches.map { ReleaseValues(own + $0) }
    }

    /// A change of an image by another source of values.
    enum SourceChange {
        /// A release has another name.
        case name(reason: String)
        /// The values of a release are not known.
        case unknown(reason: String)
        /// A release has another tag at a path, but not its own digest.
        case tag(String)
    }

    /// Returns a change of an image by another source of the values of a release; `nil` if all releases with
    /// its values are known to have it.
    mutating func change(of site: ImageReferenceSite) -> SourceChange? {
        guard !isInResource, site.image != nil else { return nil }
        for release in state.releases {
            guard spendRelease() else { return .unknown(reason: "the file has too many releases") }
            guard let own = index(of: site, in: release) else { continue }
            if let change = change(of: site, at: own, in: release) { return change }
        }
        guard state.valuesDepth == 0 else { return patchUncertainty(of: site) }
        let uses = withBases { $0.releases } ?? Releases.Uses()
        for use in uses.all {
            guard spendRelease() else { return .unknown(reason: Self.tooManyReleases) }
            if let change = change(of: site, at: use.source, in: use.release) { return change }
        }
        let canChange = [.tag, .digest, .sha].contains(site.shape)
        return uses.isComplete || !canChange
            ? nil
            : .unknown(
                reason: "the repository has too many files to find all releases with this file")
    }

    static let tooManyReleases = "the file is in too many releases"

    /// Returns the reason for which patches can change the image of a release, if not all of them were found.
    private func patchUncertainty(of site: ImageReferenceSite) -> SourceChange? {
        guard resource.kind == "HelmRelease", [.tag, .digest, .sha].contains(site.shape),
            context.files?.hasAllPatches == false
        else { return nil }
        return .unknown(
            reason: "the repository has too many kustomizations to find all patches of the release")
    }

    /// Returns the reason for which a digest would also be that of another image: a file whose values apply
    /// after those of this file has the other image, or another tag, but not its digest.
    mutating func overlay(of site: ImageReferenceSite) -> String? {
        guard !isInResource, site.image != nil, state.valuesDepth == 0 else { return nil }
        for overlay in withBases({ $0.overlays }) ?? [] {
            let values = ReleaseValues(file: file, below: overlay.values)
            switch change(of: site, at: 0, in: values) {
            case .name, .unknown:
                let kind = site.shape == .tag ? "tag" : "digest"
                return
                    "\(overlay.path) has another image without a \(kind): give each image its own \(kind)"
            case .tag: return inheritance(of: site, by: "\(overlay.path) has")
            case nil: continue
            }
        }
        return nil
    }

    /// Returns the reason for which the key for the digest of an image gets none: another tag would inherit
    /// it.
    func inheritance(of site: ImageReferenceSite, by other: String) -> String {
        let key = site.digestKey ?? site.shape.rawValue
        return "\(other) another tag and would inherit the digest: add '\(key)' beside it"
    }

    mutating func spendRelease() -> Bool {
        releaseBudget -= 1
        return releaseBudget > 0
    }

    /// Returns the index of the source of a release with the values of an image; `nil` if the release
    /// does not have them.
    func index(of site: ImageReferenceSite, in release: ReleaseValues) -> Int? {
        let offset = mappings.last?.range.lowerBound ?? site.anchor.range.lowerBound
        return release.sources.firstIndex { source in
            guard source.file == nil else { return false }
            switch source.content {
            case .values(let root, _, let isText):
                return isText == (fragment != state.fragmentOfReleases)
                    && root.range.contains(offset)
            case .parameter(_, let value?):
                return site.fields.contains { $0.node.range == value.range }
            case .parameter, .file, .missingFile, .resource, .unknownFiles: return false
            }
        }
    }

    /// The values of a source that can be parts of an image.
    private struct SourceValues {
        /// The values, at their paths in the values of the chart.
        var values: [(path: [String], node: YAMLNode?)]
        /// The keys before these paths.
        let prefix: [String]
        /// The file with the values; `nil` for the file itself.
        let file: String?

        /// Returns the name of a value for messages.
        func name(of path: [String]) -> String {
            let keys = globalRegistries.contains(path) ? path : prefix + path
            return "'\(keys.joined(separator: "."))'\(file.map { " of \($0)" } ?? "")"
        }
    }

    /// Returns a change of the image of a source by the others of a release; `nil` if the release is known to
    /// have the image.
    private mutating func change(
        of site: ImageReferenceSite, at own: Int, in release: ReleaseValues
    ) -> SourceChange? {
        guard let image = site.image?.repository, let parent = site.tagPath.parent,
            let keys = valuesKeys(of: parent)
        else { return nil }
        // The source of an image with a repository replaces the names of those before it.
        let first = site.repository == nil ? 0 : max(own, 0)
        let sources = (first..<release.sources.count).reversed().filter { $0 != own }.map { index in
            (index, values(of: release.sources[index], at: keys))
        }
        let written =
            site.shape == .tag
            ? [site.tagPath.key ?? "tag"]
            : site.digestKey.map { [$0] } ?? ImageKeys.digest + ImageKeys.sha
        let isReplaced = sources.contains { index, found in
            index > own
                && found?.values.contains { path, _ in
                    path.dropLast() == keys[...] && written.contains(path.last ?? "")
                } ?? false
        }
        // The release does not use the tag, or the digest, of the source.
        guard !isReplaced else { return nil }
        /// The parts of the name that a source with more precedence has.
        var decided: Set<[String]> = []
        for (index, found) in sources {
            guard let found else {
                let isDecided = decided.contains { ImageKeys.repository.contains($0.last ?? "") }
                let source = release.sources[index]
                guard site.repositoryFile != nil || source.content.canBeOfAnyImage, !isDecided,
                    !source.isIgnored
                else { continue }
                return .unknown(reason: source.content.uncertainty)
            }
            for (path, node) in found.values where Self.names(path, site, in: keys) {
                guard decided.insert(path).inserted,
                    !isSame(node, at: path, as: image, of: site)
                else { continue }
                return .name(reason: "\(found.name(of: path)) changes the image of the release")
            }
        }
        guard let tag = tagWithDigest(of: site) else { return nil }
        let tagPath = keys + [site.tagPath.key ?? "tag"]
        for case (let index, let found?) in sources where index > own {
            guard let node = found.values.first(where: { $0.path == tagPath })?.node else {
                continue
            }
            let stated = (MergedMapping.text(node) ?? "").prefix { $0 != "@" }
            return stated == tag ? nil : .tag(found.name(of: tagPath))
        }
        return nil
    }

    /// Returns the text of the tag that a digest in a key beside it would have, or has; `nil` if the image
    /// gets no such digest.
    private func tagWithDigest(of site: ImageReferenceSite) -> String? {
        guard [.digest, .sha].contains(site.shape) else { return nil }
        let stated = site.tag?.text ?? ""
        guard let lock else { return stated }
        guard let target = try? lock.target(for: site) else {
            return site.digest?.text.isEmpty ?? true ? nil : stated
        }
        if updatesTags, !stated.isEmpty { return target.resolvedTag.map(site.suffixless) }
        return StatedVersion(site: site, target: target).isSame ? stated : nil
    }

    /// Returns the values that a source has beside a tag, and for all images; `nil` if they are unknown.
    private mutating func values(
        of source: ReleaseValues.Source, at keys: [String]
    ) -> SourceValues? {
        var values = SourceValues(values: [], prefix: source.prefix, file: source.file)
        switch source.content {
        case .values(let root, let anchors, _):
            values.values = Self.values(at: keys, below: source.prefix, in: root, anchors)
        case .parameter(let path, let value):
            guard path.starts(with: source.prefix) || Self.globalRegistries.contains(path) else {
                break
            }
            let isGlobal = Self.globalRegistries.contains(path)
            values.values = [(isGlobal ? path : Array(path.dropFirst(source.prefix.count)), value)]
        case .file(let stated):
            let path =
                source.file == nil ? withBases { $0.file(ofRelease: stated) } ?? nil : stated
            guard let path, let found = context.files?.values(in: path) else { return nil }
            return SourceValues(
                values: Self.values(at: keys, below: source.prefix, in: found.root, found.anchors),
                prefix: source.prefix, file: path)
        case .missingFile, .resource, .unknownFiles: return nil
        }
        return values
    }

    /// Returns the values beside a tag, and those for all images.
    private static func values(
        at keys: [String], below prefix: [String], in root: YAMLNode, _ anchors: Anchors
    ) -> [(path: [String], node: YAMLNode?)] {
        let global = globalRegistries.flatMap { path in
            BaseFinder.nodes(at: path[...], below: root, anchors).map { (path, Optional($0)) }
        }
        return global
            + BaseFinder.nodes(at: (prefix + keys)[...], below: root, anchors).flatMap { node in
                let mapping = MergedMapping(node, anchors)
                return mapping.allKeys.map { (keys + [$0], mapping[$0]) }
            }
    }

    private static let globalRegistries = [
        ["global", "imageRegistry"], ["global", "image", "registry"],
    ]

    /// Returns a Boolean value that indicates whether the value at a path is a part of the name of an image
    /// whose tag is beside others.
    private static func names(
        _ path: [String], _ site: ImageReferenceSite, in keys: [String]
    ) -> Bool {
        if globalRegistries.contains(path) { return true }
        guard let key = path.last, path.dropLast() == keys[...], let tag = site.tagPath.key else {
            return false
        }
        guard (ImageKeys.tag + ImageKeys.dependentTag).contains(tag) else {
            return SiblingNames(of: key)?.tags.contains(tag) ?? false
        }
        return ["repository", "repo", "image", "registry", site.precedingKey].contains(key)
            && !(ImageKeys.tag + ImageKeys.dependentTag + ImageKeys.digest).contains(key)
    }

    /// Returns a Boolean value that indicates whether a value leaves an image the same.
    private func isSame(
        _ value: YAMLNode?, at path: [String], as image: Repository, of site: ImageReferenceSite
    ) -> Bool {
        let text = value.flatMap(MergedMapping.text)
        if path.last?.hasSuffixIgnoringCase("registry") ?? false {
            return isSame(image, of: site, inRegistry: text, at: path)
        }
        guard let text else { return false }
        if text == site.repository?.text || ImageText.reference(text)?.repository == image {
            return true
        }
        // The registry can be elsewhere, unless the name has one.
        return image.description.hasSuffix("/\(text)")
            && !ImageText.hasRegistry(site.repository?.text ?? "")
    }

    /// Returns a Boolean value that indicates whether an image is the same in another registry: the lock file
    /// does not have another image there.
    private func isSame(
        _ image: Repository, of site: ImageReferenceSite, inRegistry registry: String?,
        at path: [String]
    ) -> Bool {
        let registry = registry.map(ImageComposer.trimmed) ?? ""
        // An empty value for all images leaves each its own.
        guard let lock, !registry.isEmpty || !Self.globalRegistries.contains(path) else {
            return true
        }
        let own = "\(ImageComposer.trimmed(site.registry?.text ?? ""))/"
        let name = image.description
        let rest =
            own != "/" && name.hasPrefix(own) ? String(name.dropFirst(own.count)) : image.path
        let whole = registry.isEmpty ? rest : "\(registry)/\(rest)"
        guard let other = ImageText.reference(whole)?.repository, other != image else {
            return true
        }
        return !lock.has(other) || lock.hasSameImages(image, other)
    }
}

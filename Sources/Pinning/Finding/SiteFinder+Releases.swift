// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Images of a release whose name another source of values changes.
extension SiteFinder {
    /// Returns the reason for which an image is not known to be that of the release: another source of its
    /// values changes the name, or may change it.
    mutating func change(of site: ImageReferenceSite) -> String? {
        guard let release = surroundings.release, let image = site.image?.repository,
            !isInResource, let parent = site.tagPath.parent, let keys = valuesKeys(of: parent)
        else { return nil }
        // A source can only change a name that one of less precedence has.
        let own = site.repository == nil ? 0 : release.precedence(ofTag: site.tag?.node)
        for source in release.sources where source.precedence >= own {
            var place = ""
            var found: [(path: [String], value: YAMLNode?)] = []
            switch source {
            case .values(let root, let anchors): found = Self.names(at: keys, in: root, anchors)
            case .parameter(let path, let value): found = [(path, value)]
            case .file(let stated, _):
                guard let file = withBases({ $0.file(ofRelease: stated) }) ?? nil,
                    let values = context.files?.values(in: file)
                else {
                    guard site.repositoryFile != nil else { continue }
                    return "\(stated) is not there and may change the image"
                }
                place = " of \(file)"
                found = Self.names(at: keys, in: values.root, values.anchors)
            case .resource(let name):
                guard site.repositoryFile != nil else { continue }
                return "the values in '\(name)' may change the image"
            }
            for (path, value) in found where Self.names(path, site, in: keys) {
                guard !Self.isSame(value, at: path, as: image, of: site) else { continue }
                return "'\(path.joined(separator: "."))'\(place) changes the image of the release"
            }
        }
        return nil
    }

    /// Returns the values beside a tag, and those for all images.
    private static func names(
        at keys: [String], in root: YAMLNode, _ anchors: Anchors
    ) -> [(path: [String], value: YAMLNode?)] {
        let global = globalRegistries.flatMap { path in
            BaseFinder.nodes(at: path[...], below: root, anchors).map { (path, Optional($0)) }
        }
        return global
            + BaseFinder.nodes(at: keys[...], below: root, anchors).flatMap { node in
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

    /// Returns a Boolean value that indicates whether a value is a part of the name of an image.
    private static func isSame(
        _ value: YAMLNode?, at path: [String], as image: Repository, of site: ImageReferenceSite
    ) -> Bool {
        guard let value, let text = MergedMapping.text(value) else { return false }
        let name = image.description
        if path.last?.hasSuffixIgnoringCase("registry") ?? false {
            return name.hasPrefix("\(ImageComposer.trimmed(text))/")
        }
        if text == site.repository?.text || ImageText.reference(text)?.repository == image {
            return true
        }
        // The registry can be elsewhere, unless the name has one.
        return name.hasSuffix("/\(text)") && !ImageText.hasRegistry(site.repository?.text ?? "")
    }
}

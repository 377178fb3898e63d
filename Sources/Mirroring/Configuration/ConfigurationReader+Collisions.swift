// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

extension ConfigurationReader {
    /// Reports images that would overwrite each other, with both lines.
    mutating func reportCollisions(among images: [PlacedEntry]) {
        let naming = Naming(images: images.map(\.entry))
        let nodes = Dictionary(
            images.map { ($0.entry.location, $0.node) }, uniquingKeysWith: { first, _ in first })
        for collision in Naming.collisions(among: naming.knownImages(in: images.map(\.entry))) {
            guard let node = nodes[collision.second.location] else { continue }
            switch collision.subject {
            case .target(let target) where collision.first.location == collision.second.location:
                error(node, "tags: duplicate tag '\(target.tag?.name ?? "")'")
            case .target, .lockID:
                error(node, collision.description, hint: collision.hint)
            }
        }
    }

    /// Reports names that are invalid below one of the prefixes.
    mutating func checkRepositories(of images: [PlacedEntry], at targets: [MirrorTarget]) {
        for target in targets {
            guard case .registry(let host, let path) = target.prefix else {
                checkLayouts(of: images)
                continue
            }
            for image in images {
                let name = path.isEmpty ? image.entry.name : "\(path)/\(image.entry.name)"
                do throws(ParseError) {
                    _ = try Repository(registry: host, path: name)
                } catch {
                    self.error(image.node, "name: below \(target.prefix): \(error)")
                }
            }
        }
    }

    /// Reports a layout that would be inside the directory of another one, among its blobs and
    /// index.
    private mutating func checkLayouts(of images: [PlacedEntry]) {
        let lines = Dictionary(
            images.map { ($0.entry.name, $0.node.mark.line) },
            uniquingKeysWith: { first, _ in first })
        for image in images {
            let components = image.entry.name.split(separator: "/")
            for length in 1..<max(components.count, 1) {
                let outer = components.prefix(length).joined(separator: "/")
                guard let line = lines[outer] else { continue }
                error(
                    image.node,
                    "name: the layout '\(image.entry.name)' would be inside the layout '\(outer)' "
                        + "of line \(line)", hint: "set a different 'name' for one of them")
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Values at the top level of a file that apply to every image in it.
struct Globals {
    /// A registry that replaces the registry of every image.
    private(set) var registry: YAMLNode?
    /// The registry of images that have none.
    private(set) var defaultRegistry: YAMLNode?
    /// The value that allows charts of Bitnami to use other repositories.
    private(set) var allowsInsecureImages: YAMLNode?
    init() {}

    init(_ root: MergedMapping) {
        func value(_ path: String...) -> YAMLNode? {
            var node: YAMLNode? = root.node
            for key in path { node = node?[key] }
            return node.flatMap {
                MergedMapping.text($0) == nil || !Anchors.isRepeatable($0) ? nil : $0
            }
        }
        registry = value("global", "imageRegistry") ?? value("global", "image", "registry")
        defaultRegistry = value("global", "defaultImageRegistry") ?? value("defaultImageRegistry")
        allowsInsecureImages = value("global", "security", "allowInsecureImages")
    }
}

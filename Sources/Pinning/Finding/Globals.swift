// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Values at the top of a file that decide for every image in it.
struct Globals {
    /// A registry that goes before an image's own.
    private(set) var registry: YAMLNode?
    /// A registry for images that have none.
    private(set) var defaultRegistry: YAMLNode?
    /// The switch without which bitnami's charts refuse other repositories than their own.
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

// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The values that charts apply to every image of a values tree.
struct ValuesScope {
    /// A registry that replaces the registry of every image.
    private(set) var registry: YAMLNode?
    /// The registry of images without one.
    private(set) var defaultRegistry: YAMLNode?
    /// The registry of images that have only a name.
    private(set) var commonRegistry: YAMLNode?
    /// The registry and the path before the names of images, in values that Istio's charts read.
    private(set) var hub: YAMLNode?
    /// The repository of images without one.
    private(set) var defaultRepository: YAMLNode?
    /// The tag of images without one.
    private(set) var defaultTag: YAMLNode?
    /// The repository below which images with only a name are.
    private(set) var parentRepository: YAMLNode?
    /// The value that allows charts of Bitnami to use other repositories.
    private(set) var allowsInsecureImages: YAMLNode?

    /// Creates a scope without values.
    init() {}

    /// Reads the values at the root of a values tree.
    ///
    /// - Parameters:
    ///   - root: The root of the tree.
    ///   - outer: The scope around the tree, whose values apply where the tree has none.
    ///
    /// Source: the values of charts of Bitnami, Grafana, ingress-nginx, Rancher, Datadog, Strimzi
    /// and Sourcegraph.
    init(_ root: YAMLNode, in outer: ValuesScope = ValuesScope()) {
        func value(_ paths: [String]...) -> YAMLNode? {
            for path in paths {
                var node: YAMLNode? = root
                for key in path { node = node?[key] }
                if let node, MergedMapping.text(node) != nil, Anchors.isRepeatable(node) {
                    return node
                }
            }
            return nil
        }
        registry =
            value(
                ["global", "imageRegistry"], ["global", "image", "registry"],
                ["global", "systemDefaultRegistry"], ["global", "cattle", "systemDefaultRegistry"])
            ?? outer.registry
        defaultRegistry =
            value(
                ["global", "defaultImageRegistry"], ["defaultImageRegistry"],
                ["global", "registry"], ["global", "containerRegistry"],
                ["global", "dockerRegistry"], ["imageRegistry"])
            ?? outer.defaultRegistry
        commonRegistry = value(["registry"], ["global", "registry"]) ?? outer.commonRegistry
        hub = value(["global", "hub"]) ?? outer.hub
        defaultRepository = value(["defaultImageRepository"]) ?? outer.defaultRepository
        defaultTag = value(["defaultImageTag"]) ?? outer.defaultTag
        parentRepository =
            value(["sourcegraph", "image", "repository"]) ?? outer.parentRepository
        allowsInsecureImages =
            value(["global", "security", "allowInsecureImages"]) ?? outer.allowsInsecureImages
    }

    /// The registry that images without one may have.
    var outerRegistry: YAMLNode? { hub ?? commonRegistry }

    /// Returns these values, and those of a file below where there are none.
    func over(_ base: ValuesScope) -> ValuesScope {
        var scope = self
        for field: WritableKeyPath<ValuesScope, YAMLNode?> in [
            \.registry, \.defaultRegistry, \.commonRegistry, \.hub, \.defaultRepository,
            \.defaultTag,
            \.parentRepository, \.allowsInsecureImages,
        ] where scope[keyPath: field] == nil {
            scope[keyPath: field] = base[keyPath: field]
        }
        return scope
    }
}

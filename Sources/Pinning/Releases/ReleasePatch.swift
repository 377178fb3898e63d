// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A change of the values of releases by a kustomization.
///
/// Source: kustomize, `patches`, `patchesStrategicMerge` and `patchesJson6902`; Flux, `Kustomization` §
/// Patches.
struct ReleasePatch {
    /// The name of the release; `nil` for any.
    let name: String?
    /// The namespace of the release; `nil` for any.
    let namespace: String?
    /// The values of the patch, lowest precedence first.
    let sources: [ReleaseValues.Source]

    /// Returns the patches of releases that a kustomization has, in their order.
    ///
    /// - Parameters:
    ///   - root: The kustomization, or the `spec` of Flux's `Kustomization`.
    ///   - file: The path of its file.
    ///   - read: Returns the content of a file, relative to the directory of the kustomization.
    /// - Returns: The patches.
    static func all(
        in root: YAMLNode, of file: String, read: (String) -> (path: String, bytes: [UInt8])?
    ) -> [ReleasePatch] {
        let lists = ["patchesStrategicMerge", "patches", "patchesJson6902"].map { key in
            root[key]?.items ?? []
        }
        var found = lists.flatMap { $0.prefix(limit) }.flatMap { item -> [ReleasePatch] in
            let stated = item["target"]
            guard (stated?["kind"]?.text ?? "HelmRelease") == "HelmRelease" else { return [] }
            let target = stated.map(Target.init)
            if let text = item["patch"]?.text ?? item.text.flatMap({ $0.contains("\n") ? $0 : nil })
            {
                return patches(Array(text.utf8), of: file, target)
            }
            guard let path = item["path"]?.text ?? item.text, let file = read(path),
                ReleaseMarkers.occur(in: file.bytes) || target != nil
            else { return [] }
            return patches(file.bytes, of: file.path, target)
        }
        if lists.contains(where: { $0.count > limit }) {
            let reason = "\(file) has too many patches to compare"
            let source = ReleaseValues.Source(content: .unknownFiles(reason: reason), file: file)
            found.append(ReleasePatch(name: nil, namespace: nil, sources: [source]))
        }
        return found
    }

    /// The maximum number of patches of one kind.
    private static let limit = 200

    /// The releases that a patch states it is for.
    private struct Target {
        /// The name; `nil` for any.
        let name: String?
        /// The namespace; `nil` for any.
        let namespace: String?

        init(_ node: YAMLNode) {
            name = Self.text(node["name"]?.text)
            namespace = Self.text(node["namespace"]?.text)
        }

        /// Returns a text; `nil` for a regular expression.
        private static func text(_ text: String?) -> String? {
            let isName =
                text?.allSatisfy { $0.isLetter || $0.isNumber || "-_".contains($0) } ?? false
            return isName ? text : nil
        }
    }

    private static func patches(
        _ bytes: [UInt8], of file: String, _ target: Target?
    ) -> [ReleasePatch] {
        var mergeBudget = Anchors.mergeLimit
        let documents = TemplatedYAML.stream(parsing: bytes)?.documents ?? []
        return documents.compactMap { document in
            let root = document.root
            guard let anchors = try? Anchors(root, mergeBudget: &mergeBudget) else { return nil }
            if let operations = root.items {
                guard let target else { return nil }
                return ReleasePatch(
                    name: target.name, namespace: target.namespace,
                    sources: sources(ofOperations: operations, of: file))
            }
            guard root["kind"]?.text == "HelmRelease", let spec = root["spec"] else { return nil }
            let part = ReleaseValues.Part(
                mapping: MergedMapping(spec, anchors), anchors: anchors, file: file)
            let sources = ReleaseValues([part]).sources
            if let target {
                return ReleasePatch(
                    name: target.name, namespace: target.namespace, sources: sources)
            }
            let metadata = root["metadata"]
            return ReleasePatch(
                name: metadata?["name"]?.text, namespace: metadata?["namespace"]?.text,
                sources: sources)
        }
    }

    /// Returns a Boolean value that indicates whether the patch can be for a resource.
    ///
    /// - Parameters:
    ///   - resource: The resource.
    ///   - isMoved: A Boolean value that indicates whether kustomizations set another namespace.
    /// - Returns: Whether it can be.
    func canChange(_ resource: PatchedReleases.Resource, isMoved: Bool) -> Bool {
        guard name == nil || name == resource.name else { return false }
        guard let namespace, let own = resource.namespace, !isMoved else { return true }
        return namespace == own
    }

    /// Source: RFC 6902, § 4; RFC 6901, § 4.
    private static func sources(
        ofOperations operations: [YAMLNode], of file: String
    ) -> [ReleaseValues.Source] {
        operations.flatMap { operation -> [ReleaseValues.Source] in
            let steps = (operation["path"]?.text ?? "").split(separator: "/").map { step in
                String(step).replacing("~1", with: "/").replacing("~0", with: "~")
            }
            guard steps.starts(with: ["spec", "values"]) else { return [] }
            return sources(of: operation["value"], at: Array(steps.dropFirst(2)), file, depth: 0)
        }
    }

    private static func sources(
        of value: YAMLNode?, at keys: [String], _ file: String, depth: Int
    ) -> [ReleaseValues.Source] {
        guard let entries = value?.entries, depth < 16 else {
            return [ReleaseValues.Source(content: .parameter(keys: keys, value: value), file: file)]
        }
        return entries.flatMap { entry in
            sources(of: entry.value, at: keys + [entry.key.text ?? ""], file, depth: depth + 1)
        }
    }
}

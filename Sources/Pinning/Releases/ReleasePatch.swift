// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A change of the values of releases by a kustomization.
///
/// Source: kustomize, `patches`, `patchesStrategicMerge` and `patchesJson6902`; Flux, `Kustomization` §
/// Patches.
struct ReleasePatch {
    /// The name of the release; `nil` for any.
    let name: String?
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
        let stated = ["patchesStrategicMerge", "patches", "patchesJson6902"].flatMap { key in
            (root[key]?.items ?? []).prefix(limit)
        }
        return stated.flatMap { item -> [ReleasePatch] in
            let target = item["target"]
            guard (target?["kind"]?.text ?? "HelmRelease") == "HelmRelease" else { return [] }
            let name = target?["name"]?.text
            if let text = item["patch"]?.text ?? item.text.flatMap({ $0.contains("\n") ? $0 : nil })
            {
                return patches(Array(text.utf8), of: file, name, hasTarget: target != nil)
            }
            guard let path = item["path"]?.text ?? item.text, let file = read(path),
                ReleaseMarkers.occur(in: file.bytes) || target != nil
            else { return [] }
            return patches(file.bytes, of: file.path, name, hasTarget: target != nil)
        }
    }

    /// The maximum number of patches of one kind.
    private static let limit = 200

    private static func patches(
        _ bytes: [UInt8], of file: String, _ target: String?, hasTarget: Bool
    ) -> [ReleasePatch] {
        var mergeBudget = Anchors.mergeLimit
        let documents = TemplatedYAML.stream(parsing: bytes)?.documents ?? []
        return documents.compactMap { document in
            let root = document.root
            guard let anchors = try? Anchors(root, mergeBudget: &mergeBudget) else { return nil }
            if let operations = root.items {
                guard hasTarget else { return nil }
                return ReleasePatch(
                    name: name(target), sources: sources(ofOperations: operations, of: file))
            }
            guard root["kind"]?.text == "HelmRelease", let spec = root["spec"] else { return nil }
            let part = ReleaseValues.Part(
                mapping: MergedMapping(spec, anchors), anchors: anchors, file: file)
            return ReleasePatch(
                name: hasTarget ? name(target) : root["metadata"]?["name"]?.text,
                sources: ReleaseValues([part]).sources)
        }
    }

    /// Returns the name of a target; `nil` for a regular expression.
    private static func name(_ target: String?) -> String? {
        let isName = target?.allSatisfy { $0.isLetter || $0.isNumber || "-_".contains($0) } ?? false
        return isName ? target : nil
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

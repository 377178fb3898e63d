// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Values files in the order in which Helm merges them; later files override earlier ones.
///
/// A layer that changes the repository or the tag and inherits the digest from a lower layer
/// deploys the old image under the new name, or fails.
public struct Layers: Sendable {
    private struct Value {
        let text: String
        let layer: String
    }

    /// A mapping of the merged values: the values that name an image in it, and its nested
    /// mappings.
    ///
    /// A tree, because a table of paths would hash all parent keys for each mapping.
    private struct Level {
        var values: [String: Value] = [:]
        var below: [String: Level] = [:]
    }

    private static let names = ["repository", "registry", "image", "tag"]
    private static let digests = ["digest", "sha"]

    private let rules: PinRules
    private var merged = Level()

    /// Creates a set without layers.
    public init(rules: PinRules = PinRules()) {
        self.rules = rules
    }

    /// Adds a layer on top of the others.
    ///
    /// - Parameters:
    ///   - bytes: The content of the values file; the linter itself reports a file that is not
    ///     YAML.
    ///   - path: The path of the file, for findings about layers above.
    /// - Returns: The findings about this layer in combination with lower layers.
    public mutating func add(_ bytes: [UInt8], path: String) -> [LintFinding] {
        guard let stream = try? YAMLDocumentStream(parsing: bytes, limits: FileText.limits),
            let root = stream.documents.first?.root
        else { return [] }
        var budget = Anchors.mergeLimit
        // The linter itself rejects a file with more merges.
        guard let anchors = try? Anchors(root, mergeBudget: &budget) else { return [] }
        var layer = Layer(anchors: anchors, path: path, rules: rules)
        layer.merge(root, into: &merged, at: SitePath())
        return layer.findings
    }

    /// Returns a Boolean value that indicates whether merging the layers resolves a finding about
    /// one of them.
    ///
    /// The repository of a tag without one beside it can be in a lower layer.
    public func resolves(_ finding: LintFinding) -> Bool {
        guard finding.code == .repositoryElsewhere else { return false }
        var level: Level? = merged
        for step in finding.path.steps { level = level?.below[step] }
        return ["repository", "image"].contains { level?.values[$0]?.text.isEmpty == false }
    }
}

extension Layers {
    /// A values file that is merged on top of others.
    private struct Layer {
        let anchors: Anchors
        let path: String
        let rules: PinRules
        var findings: [LintFinding] = []

        mutating func merge(
            _ node: YAMLNode, into level: inout Level, at location: SitePath
        ) {
            let mapping = MergedMapping(node, anchors)
            let below = level.values
            var values = below
            var changed: String?
            for key in Layers.names + Layers.digests {
                guard let node = mapping[key], let text = node.text else { continue }
                let value = MergedMapping.text(node) ?? ""
                if Layers.names.contains(key), let old = below[key], old.text != value {
                    changed = key
                }
                values[key] = Value(text: YAMLScalar(node) == .null ? "" : text, layer: path)
            }
            let owns = Layers.digests.contains { mapping[$0] != nil }
            if let changed, !owns,
                let key = Layers.digests.first(where: { below[$0]?.text.isEmpty == false }),
                let layer = below[key]?.layer,
                case let severity = rules.severities[.digestInherited]
                    ?? LintCode.digestInherited.severity,
                severity != .off
            {
                findings.append(
                    LintFinding(
                        code: .digestInherited, severity: severity,
                        mark: mapping[changed]?.mark ?? mapping.node.mark, path: location,
                        message:
                            "'\(changed)' changes here, but '\(key)' is inherited from \(layer): "
                            + "set it here too"))
            }
            level.values = values
            for entry in node.entries ?? [] {
                guard let key = entry.key.text, entry.value.entries != nil else { continue }
                merge(
                    entry.value, into: &level.below[key, default: Level()],
                    at: location.appending(key: key))
            }
        }
    }
}

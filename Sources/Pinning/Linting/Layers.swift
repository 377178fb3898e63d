// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Values files in the order in which Helm merges them, later ones over earlier ones.
///
/// A layer that changes the repository or the tag and leaves the digest to the layer below gets the
/// old image under the new name, or none at all.
public struct Layers: Sendable {
    private struct Value {
        let text: String
        let layer: String
    }

    private static let names = ["repository", "registry", "image", "tag"]
    private static let digests = ["digest", "sha"]

    private let rules: PinRules
    private var merged: [SitePath: [String: Value]] = [:]

    /// Starts with no layer.
    public init(rules: PinRules = PinRules()) {
        self.rules = rules
    }

    /// Puts a layer on top of those before it.
    ///
    /// - Parameters:
    ///   - bytes: the values file; one that is no YAML adds nothing, and the linter says so itself.
    ///   - path: its path, to name it in findings about layers above.
    /// - Returns: what goes wrong between this layer and those below.
    public mutating func add(_ bytes: [UInt8], path: String) -> [LintFinding] {
        guard let stream = try? YAMLDocumentStream(parsing: bytes, limits: FileText.limits),
            let root = stream.documents.first?.root
        else { return [] }
        var findings: [LintFinding] = []
        merge(MergedMapping(root, Anchors(root)), Anchors(root), at: SitePath(), path, &findings)
        return findings
    }

    /// Whether a finding about one layer by itself is none once the layers are merged.
    ///
    /// A tag without a repository beside it is shared by images that stand elsewhere, unless a layer
    /// below has the repository.
    public func answers(_ finding: LintFinding) -> Bool {
        guard finding.code == .sharedTag, let place = finding.path.parent else { return false }
        return ["repository", "image"].contains { merged[place]?[$0]?.text.isEmpty == false }
    }

    private mutating func merge(
        _ block: MergedMapping, _ anchors: Anchors, at place: SitePath, _ file: String,
        _ findings: inout [LintFinding]
    ) {
        let below = merged[place] ?? [:]
        var values = below
        var changed: String?
        for key in Self.names + Self.digests {
            guard let node = block[key], let text = node.text else { continue }
            let value = MergedMapping.text(node) ?? ""
            if Self.names.contains(key), let old = below[key], old.text != value { changed = key }
            values[key] = Value(text: YAMLScalar(node) == .null ? "" : text, layer: file)
        }
        let owns = Self.digests.contains { block[$0] != nil }
        if let changed, !owns,
            let key = Self.digests.first(where: { below[$0]?.text.isEmpty == false }),
            let layer = below[key]?.layer,
            case let severity = rules.severities[.digestInherited]
                ?? LintCode.digestInherited.severity,
            severity != .off
        {
            findings.append(
                LintFinding(
                    code: .digestInherited, severity: severity,
                    mark: block[changed]?.mark ?? block.node.mark, path: place,
                    message:
                        "'\(changed)' is changed here, but '\(key)' still comes from \(layer): "
                        + "set it here too"))
        }
        if !values.isEmpty { merged[place] = values }
        for entry in block.node.entries ?? [] {
            guard let key = entry.key.text, entry.value.entries != nil else { continue }
            merge(
                MergedMapping(entry.value, anchors), anchors, at: place.appending(key: key), file,
                &findings
            )
        }
    }
}

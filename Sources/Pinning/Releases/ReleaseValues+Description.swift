// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Descriptions of values, so that equal releases are compared once.
extension ReleaseValues {
    /// The number of characters of a description.
    private static let limit = 4096

    /// The description of all sources; `nil` for values with aliases, and for long ones.
    ///
    /// Releases with the same description have the same images.
    var description: [String]? {
        var budget = Self.limit
        var parts: [String] = []
        for source in sources {
            parts += source.prefix + ["\(source.isOptional)"]
            switch source.content {
            case .values(let root, _, _):
                guard Self.describe(root, &parts, &budget) else { return nil }
            case .parameter(let keys, let value):
                parts += ["=", keys.joined(separator: ".")]
                if let value, !Self.describe(value, &parts, &budget) { return nil }
            case .file(let path): parts += ["file", path]
            case .missingFile(let path): parts += ["missing", path]
            case .resource(let name): parts += ["resource", name]
            case .unknownFiles(let reason): parts += ["unknown", reason]
            }
        }
        return parts
    }

    private static func describe(
        _ node: YAMLNode, _ parts: inout [String], _ budget: inout Int
    ) -> Bool {
        budget -= 1
        guard budget > 0 else { return false }
        switch node.kind {
        case .alias: return false
        case .scalar:
            parts.append(node.text.map { "'\($0)" } ?? "null")
            budget -= node.text?.utf8.count ?? 0
            return budget > 0
        case .sequence(let items, _):
            parts.append("[")
            defer { parts.append("]") }
            return items.allSatisfy { describe($0, &parts, &budget) }
        case .mapping(let entries, _):
            parts.append("{")
            defer { parts.append("}") }
            return entries.allSatisfy {
                describe($0.key, &parts, &budget) && describe($0.value, &parts, &budget)
            }
        }
    }
}

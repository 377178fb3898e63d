// SPDX-License-Identifier: Apache-2.0

internal import TextSafety
internal import YAML

/// Finds text that must not appear in messages about a configuration.
///
/// Besides credentials, this includes misplaced ones: a password below a misspelled key would
/// otherwise appear in the message about that misspelling.
enum ConfiguredSecrets {
    /// Returns the ranges of secret values, in the order of the file.
    static func ranges(in node: YAMLNode) -> [Range<Int>] {
        if let items = node.items { return items.flatMap { ranges(in: $0) } }
        return (node.entries ?? []).flatMap { entry in
            if isCredentials(entry.key) { return credentials(entry.value) }
            if isSecret(entry) { return scalars(in: entry.value) }
            return ranges(in: entry.key) + ranges(in: entry.value)
        }
    }

    /// Returns everything below `credentials` except keys that are close enough to valid ones.
    private static func credentials(_ node: YAMLNode) -> [Range<Int>] {
        guard let entries = node.entries else { return scalars(in: node) }
        return entries.flatMap { entry in
            let isKnown =
                entry.key.text.flatMap {
                    Suggestion.nearest(to: $0, among: ["username", "password"])
                } != nil
            return (isKnown ? [] : scalars(in: entry.key)) + scalars(in: entry.value)
        }
    }

    private static func isCredentials(_ key: YAMLNode) -> Bool {
        guard let text = key.text else { return false }
        return Suggestion.nearest(to: text, among: ["credentials"]) != nil
            && !ConfigurationKeys.all.subtracting(["credentials"]).contains(text)
    }

    private static func isSecret(_ entry: YAMLNode.Entry) -> Bool {
        guard let key = entry.key.text else { return false }
        if key == "auth" {
            // Docker's configuration files use this name for user name and password.
            return RegistryAuth(rawValue: entry.value.text ?? "") == nil
        }
        guard !ConfigurationKeys.all.contains(key) || ["username", "password"].contains(key) else {
            return false
        }
        let words = ["password", "passwd", "secret", "token", "username"]
        return words.contains { key.lowercased().contains($0) }
            || Suggestion.nearest(to: key, among: words) != nil
    }

    private static func scalars(in node: YAMLNode) -> [Range<Int>] {
        if let items = node.items { return items.flatMap { scalars(in: $0) } }
        if let entries = node.entries {
            return entries.flatMap { scalars(in: $0.key) + scalars(in: $0.value) }
        }
        return node.range.isEmpty ? [] : [node.range]
    }
}

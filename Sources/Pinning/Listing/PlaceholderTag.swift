// SPDX-License-Identifier: Apache-2.0

public import OCI

extension Tag {
    /// A Boolean value that indicates whether the tag is a placeholder, as in values that
    /// a deployment must replace.
    public var isPlaceholder: Bool {
        let name = name.lowercased()
        let base = name.prefix { $0 != "-" && $0 != "+" }
        return Self.placeholders.contains(name) || ["0.0.0", "v0.0.0", "x.y.z"].contains(base)
            || name.hasPrefix("your-") || name.hasPrefix("my-") || name.hasPrefix("replace")
            || name.hasPrefix("change") || name.hasPrefix("placeholder")
    }

    private static let placeholders: Set<String> = [
        "x.x.x", "x.y", "tbd", "todo", "fixme", "version", "tag", "image-tag", "imagetag", "none",
        "unset", "undefined", "null", "local", "xxx", "sha", "commit",
    ]
}

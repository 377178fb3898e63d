// SPDX-License-Identifier: Apache-2.0

/// The name and the tag of an image that a template writes on lines of their own, as the fields of a
/// resource.
struct TemplateFields {
    private struct Mapping {
        let indent: Int
        var name = TemplateValue()
        var tag = TemplateValue()
    }

    /// The open mappings, innermost last.
    private var mappings: [Mapping] = []

    /// Adds the value of a key.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - key: The key.
    ///   - indent: The indentation of the key.
    ///   - isElement: A Boolean value that indicates whether the key begins an element of a list.
    /// - Returns: The image that the mapping consists of; `nil` if a part of it is not known yet.
    mutating func add(
        _ value: TemplateValue, of key: Substring, indent: Int, isElement: Bool
    ) -> TemplateWord? {
        mappings.removeAll { $0.indent > indent || (isElement && $0.indent == indent) }
        if mappings.last?.indent != indent { mappings.append(Mapping(indent: indent)) }
        let last = mappings.count - 1
        // A repeated key begins another mapping.
        switch key {
        case "repository", "image":
            if !mappings[last].name.isEmpty { mappings[last] = Mapping(indent: indent) }
            mappings[last].name = value
        case "tag", "imageTag", "digest":
            if !mappings[last].tag.isEmpty { mappings[last] = Mapping(indent: indent) }
            mappings[last].tag = value
        default: return nil
        }
        let mapping = mappings[last]
        guard !mapping.name.isEmpty, !mapping.tag.isEmpty else { return nil }
        return TemplateWord(
            parts: [mapping.name, mapping.tag].map { TemplateWord.Part(text: "", value: $0) },
            isImage: true)
    }
}

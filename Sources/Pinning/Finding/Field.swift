// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A part of an image's name in a file: a scalar, or a part of its text.
struct Field: Sendable {
    /// A part of a scalar's text.
    struct Part: Sendable {
        /// The range in the text, in bytes.
        let range: Range<Int>
        let text: String
        /// The start in the fragment, if the characters are there as they are.
        let offset: Int?
    }

    /// The scalar, with aliases resolved.
    let node: YAMLNode
    /// The part of the scalar's text; `nil` for all of it.
    var part: Part?

    /// The text of the field; empty for null.
    var text: String {
        if let part { return part.text }
        guard let text = node.text, !node.isNull else { return "" }
        return text
    }
}

extension YAMLNode {
    /// Returns the offset of a byte of a flow scalar's text, or `nil` if the text in
    /// the file is folded or escaped.
    func offset(ofTextAt position: Int) -> Int? {
        switch kind {
        case .scalar(_, .plain): range.lowerBound + position
        case .scalar(_, .singleQuoted), .scalar(_, .doubleQuoted): range.lowerBound + 1 + position
        default: nil
        }
    }
}

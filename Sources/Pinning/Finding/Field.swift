// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A part of an image's name in a file: a scalar, or a part of its text.
struct Field: Sendable {
    /// A piece of a scalar's text.
    struct Part: Sendable {
        /// Its place in the text, in bytes.
        let range: Range<Int>
        let text: String
        /// Where it begins in the fragment, provided that its characters stand there as they are.
        let offset: Int?
    }

    /// The scalar, after aliases.
    let node: YAMLNode
    /// The piece of the scalar's text; nil for all of it.
    var part: Part?

    /// The part's text; empty for null.
    var text: String {
        if let part { return part.text }
        guard let text = node.text, !node.isNull else { return "" }
        return text
    }
}

extension YAMLNode {
    /// Where a byte of a flow scalar's text stands, provided that the text stands there as it is.
    func offset(ofTextAt position: Int) -> Int? {
        switch kind {
        case .scalar(_, .plain): range.lowerBound + position
        case .scalar(_, .singleQuoted), .scalar(_, .doubleQuoted): range.lowerBound + 1 + position
        default: nil
        }
    }
}

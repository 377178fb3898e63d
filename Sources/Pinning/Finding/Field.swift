// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A part of an image's name in a file: a scalar, or a part of its text.
struct Field: Sendable {
    /// The scalar, after aliases.
    let node: YAMLNode
    /// The part's place in the scalar's text, in bytes; nil for all of it.
    var part: Range<Int>?

    /// The part's text; empty for null.
    var text: String {
        guard let text = node.text, !node.isNull else { return "" }
        guard let part else { return text }
        return String(decoding: Array(text.utf8)[part], as: UTF8.self)
    }

    /// Where the part begins in the fragment, provided that its characters stand there as they are.
    func offset(in source: YAMLText) -> Int? {
        let position = part?.lowerBound ?? 0
        switch node.kind {
        case .scalar(_, .plain): return node.range.lowerBound + position
        case .scalar(_, .singleQuoted), .scalar(_, .doubleQuoted):
            return node.range.lowerBound + 1 + position
        case .scalar(_, .literal):
            guard let lines = Fragment.lines(of: node, in: source) else { return nil }
            var own = 0
            for line in lines {
                if position <= own + line.length { return line.offset + position - own }
                own += line.length + 1
            }
            return nil
        default: return nil
        }
    }
}

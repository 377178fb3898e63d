// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// How a file puts quotes around text, and how a new text is written in place of an old one.
///
/// Quotes stay as they are. Only a plain value that comes to need quotes gets some, and for the old
/// lock to give the old bytes back, they have to go again with the need. So they are single ones, and
/// single quotes that stand where YAML needs them are taken for ours, unless the file has single quotes
/// by habit, around text that needs none.
struct QuoteStyle: Sendable {
    /// Whether quotes stay where they are needed no longer, and added ones are double.
    private let keepsQuotes: Bool
    /// Whether text may not stand without quotes at all.
    private let isJSON: Bool

    init(of stream: YAMLDocumentStream) {
        isJSON = stream.documents.first.map { Self.isJSON($0.root) } ?? false
        keepsQuotes = isJSON || stream.documents.contains { Self.hasNeedlessQuotes($0.root) }
    }

    private static func isJSON(_ root: YAMLNode) -> Bool {
        guard case .mapping(let entries, .flow) = root.kind,
            case .scalar(_, .doubleQuoted) = entries.first?.key.kind
        else { return false }
        return true
    }

    private static func hasNeedlessQuotes(_ node: YAMLNode) -> Bool {
        switch node.kind {
        case .scalar(let text, .singleQuoted): YAMLQuoting.isSafePlain(text) && !isFilledIn(text)
        case .scalar, .alias: false
        case .sequence(let items, _): items.contains(where: hasNeedlessQuotes)
        case .mapping(let entries, _): entries.contains { hasNeedlessQuotes($0.value) }
        }
    }

    /// Digests fill in what was `''`, where quotes are needed; they speak of no habit.
    private static func isFilledIn(_ text: String) -> Bool {
        text.contains("sha256:") || text.utf8.count == 64
    }

    /// The text as it is written in place of a scalar; every reader of YAML takes it for that text.
    func encode(_ text: String, like node: YAMLNode, isQuoted: Bool) -> String {
        let isSafe = YAMLQuoting.isSafePlain(text)
        switch node.kind {
        case .scalar(let old, .singleQuoted):
            // Text with a digest needs no quotes, so none were ever added to its like.
            let isOurs =
                !keepsQuotes && !old.isEmpty && !YAMLQuoting.isSafePlain(old) && !text.contains("@")
            return isOurs && isSafe && !isQuoted ? text : YAMLQuoting.singleQuoted(text)
        case .scalar(let old, .plain) where !isQuoted:
            if isSafe, !isJSON || YAMLQuoting.isSafePlain(old) { return text }
            return keepsQuotes || YAMLScalar(plain: old) == .null
                ? YAMLQuoting.doubleQuoted(text) : YAMLQuoting.singleQuoted(text)
        default:
            return YAMLQuoting.doubleQuoted(text)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The style in which a file quotes text, and in which a new text replaces an old one.
///
/// Existing quotes are kept. A plain value that needs quotes gets single ones. To restore the
/// original bytes when the old lock file is pinned again, single quotes that YAML needed are
/// removed as soon as it does not need them, unless the file also puts single quotes around text
/// that needs none.
struct QuoteStyle: Sendable {
    /// A Boolean value that indicates whether unneeded quotes are kept and added quotes are double.
    private let keepsQuotes: Bool
    /// A Boolean value that indicates whether every text needs quotes.
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

    /// A digest can fill in `''`, which needs quotes, so such a value does not show the style of
    /// the file.
    private static func isFilledIn(_ text: String) -> Bool {
        text.contains("sha256:") || text.utf8.count == 64
    }

    /// Returns the text as it replaces a scalar; every YAML reader reads it as that text.
    func encode(_ text: String, like node: YAMLNode, isQuoted: Bool) -> String {
        let isSafe = YAMLQuoting.isSafePlain(text)
        switch node.kind {
        case .scalar(let old, .singleQuoted):
            // Text with a digest needs no quotes, so its quotes were not added by an earlier run.
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

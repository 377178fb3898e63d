// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// Text as code in Markdown, in a table's cell too, where it can neither mention anybody, close an
/// issue, be a link, nor end the cell.
///
/// Most text stands in a code span. What has a sign that means something even there stands in an HTML
/// element, each sign as a number. A backslash before a bar would not do: one of the text's own
/// before it would undo it.
///
/// Source: CommonMark 0.31 §6.1 (code spans), §2.5 (numeric character references); GitHub Flavored
/// Markdown §4.10 (tables).
func code(_ text: String) -> String {
    let shown = UntrustedText(text).display(limit: 1024)
    // By scalars: with an accent behind it a sign is another Character, but the same to Markdown.
    guard shown.unicodeScalars.contains(where: { $0 == "`" || $0 == "|" || $0 == "\\" }) else {
        return shown.isEmpty ? "" : "`\(shown)`"
    }
    var encoded = ""
    for scalar in shown.unicodeScalars {
        if scalar.isASCII, !scalar.properties.isAlphabetic, scalar != " " {
            encoded += "&#\(scalar.value);"
        } else {
            encoded.unicodeScalars.append(scalar)
        }
    }
    return "<code>\(encoded)</code>"
}

/// Text from outside as code in Markdown.
func code(_ text: UntrustedText) -> String { code(text.raw) }

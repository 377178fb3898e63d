// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// Returns untrusted text as code in Markdown, which is also valid in a table cell.
///
/// The text cannot mention users, close issues, become a link or end the cell.
///
/// Most text becomes a code span. Text with a character that is special even in a code span becomes
/// an HTML element in which punctuation is written as character references. A backslash before a
/// bar would not be sufficient, because a backslash in the text would escape it.
///
/// Source: CommonMark 0.31 §6.1 (code spans), §2.5 (numeric character references); GitHub Flavored
/// Markdown §4.10 (tables).
func code(_ text: String) -> String {
    let shown = UntrustedText(text).display(limit: 1024)
    // Compares scalars: with a combining accent, a delimiter is a different Character, but not to
    // Markdown.
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

/// Returns untrusted text as code in Markdown.
func code(_ text: UntrustedText) -> String { code(text.raw) }

// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// A piece of HTML: what stands in the source is markup, what is put in is text.
///
/// `"<td>\(name)</td>"` escapes `name`, whatever its type, unless it is such a piece itself. So nothing
/// has to be remembered, and text can stand between tags or in an attribute with double quotes.
///
/// Source: HTML Living Standard, 13.1.4 (character references); 13.1.2.3 (attributes).
struct HTML: Hashable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    private(set) var description: String

    init(stringLiteral value: String) {
        description = value
    }

    init(stringInterpolation: Interpolation) {
        description = stringInterpolation.html
    }

    static func + (first: HTML, second: HTML) -> HTML { "\(first)\(second)" }

    static func += (html: inout HTML, other: HTML) { html.description += other.description }

    /// What a literal with values in it becomes.
    struct Interpolation: StringInterpolationProtocol {
        fileprivate var html = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            html.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { html += literal }

        mutating func appendInterpolation(_ piece: HTML) { html += piece.description }

        mutating func appendInterpolation(_ pieces: [HTML]) {
            for piece in pieces { html += piece.description }
        }

        /// Text of any origin: first what no reader should obey, then what HTML would.
        mutating func appendInterpolation(_ text: some CustomStringConvertible) {
            for scalar in UntrustedText(text.description).display(limit: 4096).unicodeScalars {
                switch scalar {
                case "&": html += "&amp;"
                case "<": html += "&lt;"
                case ">": html += "&gt;"
                case "\"": html += "&quot;"
                case "'": html += "&#39;"
                default: html.unicodeScalars.append(scalar)
                }
            }
        }
    }
}

extension HTML {
    /// A piece if there is a value, else nothing.
    static func some<Value>(_ value: Value?, _ piece: (Value) -> HTML) -> HTML {
        value.map(piece) ?? ""
    }
}

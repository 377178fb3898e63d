// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// A fragment of HTML: literals are markup, interpolated values are text.
///
/// `"<td>\(name)</td>"` escapes `name`, whatever its type, unless it is a fragment itself. The
/// result is safe between tags and in an attribute with double quotes.
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

    /// The result of an interpolated literal.
    struct Interpolation: StringInterpolationProtocol {
        fileprivate var html = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            html.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        mutating func appendLiteral(_ literal: String) { html += literal }

        mutating func appendInterpolation(_ fragment: HTML) { html += fragment.description }

        mutating func appendInterpolation(_ fragments: [HTML]) {
            for fragment in fragments { html += fragment.description }
        }

        /// Appends untrusted text: control characters are encoded first, then HTML is escaped.
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
    /// Returns the fragment for a value, or an empty one if there is no value.
    static func some<Value>(_ value: Value?, _ fragment: (Value) -> HTML) -> HTML {
        value.map(fragment) ?? ""
    }
}

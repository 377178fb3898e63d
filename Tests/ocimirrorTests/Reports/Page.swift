// SPDX-License-Identifier: Apache-2.0

/// A strict HTML parser: every element is closed, every attribute quoted.
struct Page {
    struct Element {
        let name: String
        let attributes: [String: String]
    }

    struct Malformed: Error { let place: Substring }

    private(set) var elements: [Element] = []
    /// The visible text, with normalized whitespace.
    private(set) var text = ""

    private static let empty: Set = ["meta", "input", "rect"]

    init(_ page: String) throws {
        var open: [String] = []
        var rest = page[...]
        guard rest.hasPrefix("<!DOCTYPE html>\n") else { throw Malformed(place: rest.prefix(40)) }
        rest = rest.dropFirst(16)
        while !rest.isEmpty {
            if let name = open.last, name == "style" || name == "script" {
                guard let end = rest.firstRange(of: "</\(name)>") else {
                    throw Malformed(place: rest.prefix(40))
                }
                rest = rest[end.upperBound...]
                open.removeLast()
            } else if let close = rest.prefixMatch(of: /<\/([a-z0-9]+)>/) {
                guard open.popLast() == String(close.output.1) else {
                    throw Malformed(place: rest.prefix(40))
                }
                rest = rest[close.range.upperBound...]
            } else if rest.hasPrefix("<") {
                let element = try Self.element(&rest)
                elements.append(element)
                if !Self.empty.contains(element.name) { open.append(element.name) }
                text += " "
            } else {
                let words = rest.prefix { $0 != "<" }
                guard !words.contains(">") else { throw Malformed(place: words.prefix(40)) }
                text += Self.decoded(words)
                rest = rest[words.endIndex...]
            }
        }
        guard open.isEmpty else { throw Malformed(place: "\(open)") }
        text = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func element(_ rest: inout Substring) throws -> Element {
        guard let start = rest.prefixMatch(of: /<([a-z0-9]+)/) else {
            throw Malformed(place: rest.prefix(40))
        }
        rest = rest[start.range.upperBound...]
        var attributes: [String: String] = [:]
        while let attribute = rest.prefixMatch(of: /\s+([A-Za-z-]+)(?:="([^"<>]*)")?/) {
            attributes[String(attribute.output.1)] = String(attribute.output.2 ?? "")
            rest = rest[attribute.range.upperBound...]
        }
        guard let end = rest.prefixMatch(of: /\/?>/) else {
            throw Malformed(place: rest.prefix(40))
        }
        rest = rest[end.range.upperBound...]
        return Element(name: String(start.output.1), attributes: attributes)
    }

    private static func decoded(_ text: Substring) -> String {
        // Compares scalars, as a browser does: a combining accent can follow a reference.
        var scalars = String(text).unicodeScalars
        for (reference, sign) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ] { scalars.replace(reference.unicodeScalars, with: sign.unicodeScalars) }
        return String(scalars)
    }
}

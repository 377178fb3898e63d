// SPDX-License-Identifier: Apache-2.0

/// The `Link` header field of a paginated response.
///
/// Angle brackets may be missing: some registries have sent the URL without them.
///
/// Source: RFC 8288 section 3; distribution specification, "Listing Tags".
enum LinkHeader {
    /// Returns the URI reference of the first link with the relation `next`, unresolved, or `nil`
    /// if there is none.
    static func next(in values: [String]) -> String? {
        values.lazy.flatMap(links).first { isNext($0.parameters) }?.target
    }

    private static func links(_ value: String) -> [(target: String, parameters: [Substring])] {
        var links: [(target: String, parameters: [Substring])] = []
        for link in split(value[...], at: ",") {
            let text = trimmed(link)
            let parameters = split(text, at: ";")
            guard let first = parameters.first.map(trimmed), !first.isEmpty else { continue }
            let target = first.first == "<" ? first.dropFirst().prefix { $0 != ">" } : first
            links.append((String(target), Array(parameters.dropFirst())))
        }
        return links
    }

    /// Returns a Boolean value that indicates whether `rel`, a list of relations, contains `next`.
    private static func isNext(_ parameters: [Substring]) -> Bool {
        parameters.contains { parameter in
            let (name, value) = divided(parameter)
            guard name.lowercased() == "rel" else { return false }
            return value.filter { $0 != "\"" }.split(whereSeparator: \.isWhitespace)
                .contains { $0.lowercased() == "next" }
        }
    }

    private static func divided(_ parameter: Substring) -> (name: Substring, value: Substring) {
        guard let equals = parameter.firstIndex(of: "=") else { return (trimmed(parameter), "") }
        return (
            trimmed(parameter[..<equals]), trimmed(parameter[parameter.index(after: equals)...])
        )
    }

    /// Returns the parts between separators that are neither in quotes nor in angle brackets.
    private static func split(_ text: Substring, at separator: Character) -> [Substring] {
        var closing: Character?
        return text.split(omittingEmptySubsequences: false) { character in
            if let end = closing {
                if character == end { closing = nil }
                return false
            }
            switch character {
            case "\"": closing = "\""
            case "<": closing = ">"
            default: return character == separator
            }
            return false
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

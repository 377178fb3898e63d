// SPDX-License-Identifier: Apache-2.0

/// The `Link` header field of listings.
///
/// Source: RFC 8288; Quay has been observed to omit the angle brackets.
enum LinkHeader {
    /// Returns the target with the relation `next`, as written.
    static func next(in values: [String]) -> String? {
        values.lazy.flatMap(links).first { isNext($0.parameters) }?.target
    }

    private static func links(_ value: String) -> [(target: String, parameters: Substring)] {
        var links: [(target: String, parameters: Substring)] = []
        var rest = Substring(value)
        while !rest.isEmpty {
            rest = rest.drop { $0 == " " || $0 == "," || $0 == "\t" }
            let target: Substring
            if rest.first == "<" {
                target = rest.dropFirst().prefix { $0 != ">" }
                rest = rest[target.endIndex...].dropFirst()
            } else {
                target = rest.prefix { $0 != ";" && $0 != "," && $0 != " " }
                rest = rest[target.endIndex...]
            }
            let parameters = rest.prefix { $0 != "," }
            rest = rest[parameters.endIndex...]
            if !target.isEmpty { links.append((String(target), parameters)) }
        }
        return links
    }

    private static func isNext(_ parameters: Substring) -> Bool {
        parameters.split(separator: ";").contains { parameter in
            let text = parameter.filter { $0 != " " && $0 != "\"" && $0 != "\t" }.lowercased()
            return text == "rel=next"
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// Expands `${NAME}`, `${NAME:-text}` and `${NAME:?message}`.
///
/// Any other `$` is literal.
///
/// As in a shell, the forms with a colon treat an empty variable as unset.
enum VariableExpansion {
    /// A variable without a value, or an invalid expression.
    struct Failure: Error, Hashable {
        /// The message.
        let message: String
        /// The beginning of the expression, `${NAME`, for locating it.
        let expression: String
    }

    /// Returns the text with its variables expanded.
    static func expand(
        _ text: String, with environment: [String: String]
    ) throws(Failure) -> String {
        var expanded = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            expanded += rest[..<dollar]
            rest = rest[dollar...]
            guard let expression = Expression(rest) else {
                expanded.append("$")
                rest = rest.dropFirst()
                continue
            }
            expanded += try expression.value(in: environment)
            rest = rest[expression.end...]
        }
        return expanded + rest
    }

    private struct Expression {
        let name: String
        let operation: Substring
        let argument: Substring
        let end: Substring.Index

        /// Parses an expression at the beginning of `text`, or returns `nil` if there is none.
        init?(_ text: Substring) {
            guard text.hasPrefix("${"), let close = text.firstIndex(of: "}") else { return nil }
            let inner = text[..<close].dropFirst(2)
            let name = inner.prefix { Self.isNameByte($0) }
            guard let first = name.first, !first.isNumber else { return nil }
            let rest = inner[name.endIndex...]
            guard rest.isEmpty || rest.hasPrefix(":-") || rest.hasPrefix(":?") else { return nil }
            self.name = String(name)
            self.operation = rest.prefix(2)
            self.argument = rest.dropFirst(2)
            self.end = text.index(after: close)
        }

        func value(in environment: [String: String]) throws(Failure) -> String {
            guard !argument.contains("${") else {
                throw Failure(
                    message: "variables cannot be nested in '${\(name)\(operation)…}'",
                    expression: "${\(name)")
            }
            let value = environment[name]
            switch operation {
            case ":-":
                return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(argument)
            case ":?":
                if let value, !value.isEmpty { return value }
                let reason = UntrustedText(String(argument)).display(limit: 200)
                throw Failure(
                    message: "variable \(name) is not set"
                        + (reason.isEmpty ? "" : ": \(reason)"), expression: "${\(name)")
            default:
                if let value { return value }
                throw Failure(
                    message:
                        "variable \(name) is not set; set it, or use ${\(name):-} for an empty value",
                    expression: "${\(name)")
            }
        }

        private static func isNameByte(_ character: Character) -> Bool {
            switch character {
            case "A"..."Z", "a"..."z", "0"..."9", "_": character.isASCII
            default: false
            }
        }
    }
}

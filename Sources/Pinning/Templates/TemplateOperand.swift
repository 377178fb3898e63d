// SPDX-License-Identifier: Apache-2.0

/// An argument of a function in a template.
enum TemplateOperand {
    case text(Substring)
    case value(TemplateValue)
    /// A variable, `nil` for the dot, and fields below it.
    case chain(variable: Substring?, fields: [Substring], value: TemplateValue)

    /// The text; `nil` for a value.
    var text: Substring? {
        if case .text(let text) = self { text } else { nil }
    }

    var value: TemplateValue {
        switch self {
        case .text: TemplateValue()
        case .value(let value), .chain(_, _, let value): value
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// An argument of a function in a template.
enum TemplateOperand {
    case text(Substring)
    /// A number, a constant, or a function without arguments.
    case name(Substring)
    case value(TemplateValue)
    /// A variable, `nil` for the dot, and fields below it.
    case chain(variable: Substring?, fields: [Substring], value: TemplateValue)

    /// The text, or the name; `nil` for a value.
    var text: Substring? {
        switch self {
        case .text(let text), .name(let text): text
        case .value, .chain: nil
        }
    }

    var value: TemplateValue {
        switch self {
        case .text(let text): TemplateValue(text: text)
        case .name(let name): ["false", "nil"].contains(name) ? TemplateValue() : .constant
        case .value(let value), .chain(_, _, let value): value
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Text that is not a valid value of an argument.
public struct InvalidValue: Error, Hashable, Sendable {
    /// The text as given.
    public let text: String
    /// The reason, or the expected form.
    public let reason: String

    /// Creates an error about `text`.
    public init(_ text: String, _ reason: String) {
        self.text = text
        self.reason = reason
    }
}

/// A type whose values can be given on the command line.
public protocol ArgumentValue: ParameterValue where Single == Self {
    /// The placeholder in help, such as `FILE`.
    static var placeholder: String { get }
    /// The accepted words, if there are few; otherwise empty.
    static var candidates: [String] { get }

    /// Creates a value from text.
    ///
    /// - Throws: ``InvalidValue`` with the reason.
    init(argument: String) throws(InvalidValue)

    /// The value as text, for `[default: …]`.
    ///
    /// Empty values are not shown.
    var argument: String { get }
}

extension ArgumentValue {
    /// An empty list: any word is accepted.
    public static var candidates: [String] { [] }
}

extension ArgumentValue where Self: CaseIterable & RawRepresentable<String> {
    /// The raw values of the cases.
    public static var candidates: [String] { allCases.map(\.rawValue) }

    /// The raw values, separated by bars.
    public static var placeholder: String { candidates.joined(separator: "|") }

    /// Creates the case with the raw value `text`.
    public init(argument: String) throws(InvalidValue) {
        guard let value = Self(rawValue: argument) else {
            let words = Self.candidates.joined(separator: ", ")
            throw InvalidValue(argument, "expected one of \(words)")
        }
        self = value
    }

    /// The raw value of the case.
    public var argument: String { rawValue }
}

extension String: ArgumentValue {
    /// Any text.
    public static var placeholder: String { "TEXT" }
    /// Creates the value from `text` unchanged.
    public init(argument: String) { self = argument }
    /// The text itself.
    public var argument: String { self }
}

extension Int: ArgumentValue {
    /// A number.
    public static var placeholder: String { "N" }

    /// Parses a whole number.
    public init(argument: String) throws(InvalidValue) {
        guard let value = Int(argument) else {
            throw InvalidValue(argument, "expected an integer")
        }
        self = value
    }

    /// The number in decimal.
    public var argument: String { description }
}

extension Bool: ArgumentValue {
    /// A Boolean value.
    public static var placeholder: String { "true|false" }
    /// `true` and `false`.
    public static var candidates: [String] { ["true", "false"] }

    /// Parses `true` or `false`, or another common spelling in environment variables.
    public init(argument: String) throws(InvalidValue) {
        switch argument.lowercased() {
        case "true", "1", "yes", "on": self = true
        case "false", "0", "no", "off": self = false
        default: throw InvalidValue(argument, "not true or false")
        }
    }

    /// `true` or `false`.
    public var argument: String { description }
}

/// The number of values that a property takes.
public enum Arity: Hashable, Sendable {
    /// One value; the last one given.
    case one
    /// At most one value.
    case optional
    /// Any number of values, in their order.
    case many
}

/// A type of property that a parameter can be bound to: a value, an optional or an array.
public protocol ParameterValue: Sendable {
    /// The type of a single value.
    associatedtype Single: ArgumentValue

    /// The number of values.
    static var arity: Arity { get }

    /// Creates the property's value from the given values, with the last one separate.
    static func combining(_ earlier: [Single], _ last: Single) -> Self

    /// The current values.
    var singles: [Single] { get }
}

extension ArgumentValue {
    /// One value.
    public static var arity: Arity { .one }
    /// The last value given.
    public static func combining(_ earlier: [Self], _ last: Self) -> Self { last }
    /// The value itself.
    public var singles: [Self] { [self] }
}

extension Optional: ParameterValue where Wrapped: ArgumentValue {
    /// At most one value.
    public static var arity: Arity { .optional }
    /// The last value given.
    public static func combining(_ earlier: [Wrapped], _ last: Wrapped) -> Wrapped? { last }
    /// The value, if there is one.
    public var singles: [Wrapped] { map { [$0] } ?? [] }
}

extension Array: ParameterValue where Element: ArgumentValue {
    /// Any number of values.
    public static var arity: Arity { .many }
    /// All values given, in their order; they replace the default.
    public static func combining(_ earlier: [Element], _ last: Element) -> [Element] {
        earlier + [last]
    }
    /// The elements.
    public var singles: [Element] { self }
}

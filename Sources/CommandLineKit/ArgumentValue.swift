// SPDX-License-Identifier: Apache-2.0

/// A text that cannot be the value of an argument.
public struct InvalidValue: Error, Hashable, Sendable {
    /// The text as it was given.
    public let text: String
    /// What is wrong with it, or what would be right.
    public let reason: String

    /// Makes an error about `text`.
    public init(_ text: String, _ reason: String) {
        self.text = text
        self.reason = reason
    }
}

/// A type whose values can be written on a command line.
public protocol ArgumentValue: ParameterValue where Single == Self {
    /// The word that stands for a value in help, such as `FILE`.
    static var placeholder: String { get }
    /// Every word that is accepted, where there are few; otherwise empty.
    static var candidates: [String] { get }

    /// Reads a value.
    ///
    /// - Throws: ``InvalidValue`` with what is wrong.
    init(argument: String) throws(InvalidValue)

    /// The value as it would be written, for `[default: …]`; empty where there is nothing to show.
    var argument: String { get }
}

extension ArgumentValue {
    /// Any word may do.
    public static var candidates: [String] { [] }
}

extension ArgumentValue where Self: CaseIterable & RawRepresentable<String> {
    /// The words of the cases.
    public static var candidates: [String] { allCases.map(\.rawValue) }

    /// The words, parted by bars.
    public static var placeholder: String { candidates.joined(separator: "|") }

    /// Reads the case whose word this is.
    public init(argument: String) throws(InvalidValue) {
        guard let value = Self(rawValue: argument) else {
            let words = Self.candidates.joined(separator: ", ")
            throw InvalidValue(argument, "not one of \(words)")
        }
        self = value
    }

    /// The word of the case.
    public var argument: String { rawValue }
}

extension String: ArgumentValue {
    /// Any text.
    public static var placeholder: String { "TEXT" }
    /// Takes the text as it is.
    public init(argument: String) { self = argument }
    /// The text itself.
    public var argument: String { self }
}

extension Int: ArgumentValue {
    /// A number.
    public static var placeholder: String { "N" }

    /// Reads a whole number.
    public init(argument: String) throws(InvalidValue) {
        guard let value = Int(argument) else {
            throw InvalidValue(argument, "not a whole number")
        }
        self = value
    }

    /// The number in decimal.
    public var argument: String { description }
}

extension Bool: ArgumentValue {
    /// Yes or no.
    public static var placeholder: String { "true|false" }
    /// The two words.
    public static var candidates: [String] { ["true", "false"] }

    /// Reads `true` or `false`, or one of the other words that people write into variables.
    public init(argument: String) throws(InvalidValue) {
        switch argument.lowercased() {
        case "true", "1", "yes", "on": self = true
        case "false", "0", "no", "off": self = false
        default: throw InvalidValue(argument, "not true or false")
        }
    }

    /// The word.
    public var argument: String { description }
}

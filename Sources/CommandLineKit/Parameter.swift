// SPDX-License-Identifier: Apache-2.0

/// A named parameter of the command line, bound to a property of a command or of an option group.
public struct Parameter<Root>: Sendable {
    let definition: ParameterDefinition
    /// The current value of the property, as text.
    let arguments: @Sendable (Root) -> [String]
    /// Parses the given values, of which there is at least one, into the property.
    let store: @Sendable (inout Root, [String]) throws(InvalidValue) -> Void

    func described(in root: Root) -> ParameterDefinition {
        var described = definition
        described.defaults = arguments(root).filter { !$0.isEmpty }
        return described
    }

    /// Returns an option with a value: `--name=value`, `--name value` or, with a short name, `-n
    /// value`.
    ///
    /// The type of the property decides: an array takes every value given, other types the last
    /// one.
    ///
    /// - Parameters:
    ///   - name: The long name with its dashes.
    ///   - short: A dash and one letter.
    ///   - placeholder: The placeholder in help, if the type's default is not specific enough.
    ///   - property: The property to set.
    ///   - help: A short description.
    /// - Returns: The parameter.
    public static func option<Value: ParameterValue>(
        _ name: String, short: String? = nil, placeholder: String? = nil,
        into property: any WritableKeyPath<Root, Value> & Sendable, help: String
    ) -> Parameter {
        let definition = ParameterDefinition(
            kind: .option, name: name, short: short,
            placeholder: placeholder ?? Value.Single.placeholder,
            candidates: Value.Single.candidates, isRepeated: Value.arity == .many, help: help)
        return binding(definition, to: property)
    }

    /// Returns an option whose value is a number within bounds.
    ///
    /// - Parameters:
    ///   - name: The long name with its dashes.
    ///   - short: A dash and one letter.
    ///   - bounds: The accepted range.
    ///   - property: The property to set.
    ///   - help: A short description.
    /// - Returns: The parameter.
    public static func number<Value: ParameterValue>(
        _ name: String, short: String? = nil, in bounds: ClosedRange<Int>,
        into property: any WritableKeyPath<Root, Value> & Sendable, help: String
    ) -> Parameter where Value.Single == Int {
        let definition = ParameterDefinition(
            kind: .option, name: name, short: short, placeholder: Int.placeholder,
            isRepeated: Value.arity == .many, help: help)
        return binding(definition, to: property) { number in
            bounds.contains(number)
                ? nil : "expected a number from \(bounds.lowerBound) to \(bounds.upperBound)"
        }
    }

    /// Returns a flag: `--name` sets it, `--no-name` clears it.
    ///
    /// - Parameters:
    ///   - name: The long name with its dashes, never beginning with `--no-`.
    ///   - short: A dash and one letter.
    ///   - property: The property to set.
    ///   - help: A description of the name that changes the default.
    /// - Returns: The parameter.
    public static func flag(
        _ name: String, short: String? = nil,
        into property: any WritableKeyPath<Root, Bool> & Sendable, help: String
    ) -> Parameter {
        binding(
            ParameterDefinition(kind: .flag, name: name, short: short, help: help), to: property)
    }

    /// Returns a positional argument.
    ///
    /// A plain property makes it required, an optional one makes it optional, and an array takes
    /// all remaining words.
    ///
    /// - Parameters:
    ///   - name: The placeholder in help, such as `IMAGE`.
    ///   - requiresOne: A Boolean value that indicates whether an array needs at least one value.
    ///   - property: The property to set.
    ///   - help: A short description.
    /// - Returns: The parameter.
    public static func positional<Value: ParameterValue>(
        _ name: String, requiresOne: Bool = false,
        into property: any WritableKeyPath<Root, Value> & Sendable, help: String
    ) -> Parameter {
        let isRequired = Value.arity == .one || requiresOne
        let definition = ParameterDefinition(
            kind: .positional(isRequired: isRequired), name: name,
            candidates: Value.Single.candidates, isRepeated: Value.arity == .many, help: help)
        return binding(definition, to: property)
    }

    private static func binding<Value: ParameterValue>(
        _ definition: ParameterDefinition,
        to property: any WritableKeyPath<Root, Value> & Sendable,
        check: @escaping @Sendable (Value.Single) -> String? = { _ in nil }
    ) -> Parameter {
        Parameter(
            definition: definition,
            arguments: { root in root[keyPath: property].singles.map(\.argument) },
            store: { (root, texts) throws(InvalidValue) in
                var values: [Value.Single] = []
                for text in texts {
                    let value = try Value.Single(argument: text)
                    if let complaint = check(value) { throw InvalidValue(text, complaint) }
                    values.append(value)
                }
                guard let last = values.popLast() else { return }
                root[keyPath: property] = Value.combining(values, last)
            })
    }

    /// Returns options that several commands share and that are stored in a structure.
    ///
    /// - Parameters:
    ///   - property: The structure.
    ///   - parameters: The options of the structure.
    ///   - section: The section of the help that lists them.
    /// - Returns: The same options, bound through the command.
    public static func group<Inner>(
        _ property: any WritableKeyPath<Root, Inner> & Sendable, _ parameters: [Parameter<Inner>],
        section: String? = nil
    ) -> [Parameter] {
        parameters.map { inner in
            var definition = inner.definition
            definition.section = section ?? definition.section
            return Parameter(
                definition: definition,
                arguments: { root in inner.arguments(root[keyPath: property]) },
                store: { (root, texts) throws(InvalidValue) in
                    try inner.store(&root[keyPath: property], texts)
                })
        }
    }
}

/// A parameter without its property, as help, suggestions and validation need it.
struct ParameterDefinition: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// An option with a value.
        case option
        /// A flag, with `--no-…` as its opposite.
        case flag
        /// `--help` or `--version`, which the program handles.
        case builtIn
        /// A positional argument.
        case positional(isRequired: Bool)
    }

    static let help = ParameterDefinition(
        kind: .builtIn, name: "--help", short: "-h", help: "show this help")
    static let version = ParameterDefinition(
        kind: .builtIn, name: "--version", short: "-V", help: "show the version")

    let kind: Kind
    /// `--jobs` for an option, `IMAGE` for a positional.
    let name: String
    var short: String?
    var placeholder = ""
    var candidates: [String] = []
    var isRepeated = false
    let help: String
    /// The section of the help that lists it, or `nil` for the default section of its kind.
    var section: String?
    /// The default value, as text.
    var defaults: [String] = []

    var isPositional: Bool {
        if case .positional = kind { true } else { false }
    }

    var isRequired: Bool { kind == .positional(isRequired: true) }

    /// The name that clears a flag.
    var opposite: String? { kind == .flag ? "--no-\(name.dropFirst(2))" : nil }

    /// The name of a flag that help shows: the one that changes the default.
    var effectiveName: String { (defaults == ["true"] ? opposite : nil) ?? name }

    /// The environment variable of an option: `…IDLE_TIMEOUT` for `--idle-timeout`.
    func variable(prefix: String) -> String? {
        guard kind == .option || kind == .flag else { return nil }
        let words = name.dropFirst(2).uppercased().map { $0 == "-" ? "_" : $0 }
        return prefix + String(words)
    }
}

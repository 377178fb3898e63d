// SPDX-License-Identifier: Apache-2.0

/// A name on the command line, bound to a property of a command or of a group of options.
public struct Parameter<Root>: Sendable {
    let definition: ParameterDefinition
    /// What the property holds, as it would be written.
    let arguments: @Sendable (Root) -> [String]
    /// Reads what was given, which is never empty, into the property.
    let store: @Sendable (inout Root, [String]) throws(InvalidValue) -> Void

    func described(in root: Root) -> ParameterDefinition {
        var described = definition
        described.defaults = arguments(root).filter { !$0.isEmpty }
        return described
    }

    /// An option with a value: `--name=value`, `--name value` or, where it has a short name, `-n value`.
    ///
    /// The property's type decides: an array takes every value given, anything else the last.
    ///
    /// - Parameters:
    ///   - name: the long name with its dashes.
    ///   - short: a dash and one letter.
    ///   - placeholder: what stands for the value in help, where the type's own word says too little.
    ///   - property: where the value goes.
    ///   - help: what it does, in a few words.
    /// - Returns: the parameter.
    public static func option<Value: ParameterValue>(
        _ name: String, _ short: String? = nil, _ placeholder: String? = nil,
        into property: any WritableKeyPath<Root, Value> & Sendable, help: String
    ) -> Parameter {
        let definition = ParameterDefinition(
            kind: .option, name: name, short: short,
            placeholder: placeholder ?? Value.Single.placeholder,
            candidates: Value.Single.candidates, isRepeated: Value.arity == .many, help: help)
        return binding(definition, to: property)
    }

    /// An option whose value is a number within bounds.
    ///
    /// - Parameters:
    ///   - name: the long name with its dashes.
    ///   - short: a dash and one letter.
    ///   - bounds: the least and the greatest number that is accepted.
    ///   - property: where the number goes.
    ///   - help: what it does, in a few words.
    /// - Returns: the parameter.
    public static func number<Value: ParameterValue>(
        _ name: String, _ short: String? = nil, in bounds: ClosedRange<Int>,
        into property: any WritableKeyPath<Root, Value> & Sendable, help: String
    ) -> Parameter where Value.Single == Int {
        let definition = ParameterDefinition(
            kind: .option, name: name, short: short, placeholder: Int.placeholder,
            isRepeated: Value.arity == .many, help: help)
        return binding(definition, to: property) { number in
            bounds.contains(number)
                ? nil : "not a number from \(bounds.lowerBound) to \(bounds.upperBound)"
        }
    }

    /// A switch: `--name` turns it on, `--no-name` off.
    ///
    /// - Parameters:
    ///   - name: the long name with its dashes, never beginning with `--no-`.
    ///   - short: a dash and one letter.
    ///   - property: what is switched.
    ///   - help: what the one of both names does that changes the default.
    /// - Returns: the parameter.
    public static func flag(
        _ name: String, _ short: String? = nil,
        into property: any WritableKeyPath<Root, Bool> & Sendable, help: String
    ) -> Parameter {
        binding(
            ParameterDefinition(kind: .flag, name: name, short: short, help: help), to: property)
    }

    /// A word without a dash, by its place.
    ///
    /// A plain property makes it required, an optional one does not, an array takes all words left.
    ///
    /// - Parameters:
    ///   - name: what stands for it in help, such as `IMAGE`.
    ///   - requiresOne: whether an array must not stay empty.
    ///   - property: where the value goes.
    ///   - help: what it is, in a few words.
    /// - Returns: the parameter.
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

    /// Options that several commands share, kept in a struct of their own.
    ///
    /// - Parameters:
    ///   - property: the struct.
    ///   - parameters: its options.
    ///   - section: the heading under which help lists them.
    /// - Returns: the same options, bound through the command.
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

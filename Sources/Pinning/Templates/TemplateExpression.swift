// SPDX-License-Identifier: Apache-2.0

/// The result of the pipeline of an action.
struct TemplateExpression {
    /// The values that the result can contain.
    private(set) var result = TemplateValue()
    /// The values that functions read as versions.
    private(set) var versions = TemplateValue()
    /// The inclusions of named templates, also those whose output is not in the result.
    private(set) var calls = TemplateValue()
    /// The values that functions such as `set` add to the dictionaries of variables; `nil` for the dot.
    private(set) var changes: [(variable: Substring?, value: TemplateValue)] = []

    private let dot: TemplateValue
    private let variables: [Substring: TemplateValue]
    private var rest: ArraySlice<TemplateAction.Word>
    private var depth = 0

    private static let depthLimit = 32

    /// An argument of a function.
    private enum Operand {
        case text(Substring)
        case value(TemplateValue)
        /// A variable, `nil` for the dot, and fields below it.
        case chain(variable: Substring?, fields: [Substring], value: TemplateValue)

        var value: TemplateValue {
            switch self {
            case .text: TemplateValue()
            case .value(let value), .chain(_, _, let value): value
            }
        }
    }

    /// Evaluates the pipeline of an action.
    init(
        _ action: TemplateAction, dot: TemplateValue, variables: [Substring: TemplateValue]
    ) {
        self.dot = dot
        self.variables = variables
        rest = action.words[...]
        while !rest.isEmpty {
            result.formUnion(readPipeline())
            // A parenthesis without a beginning.
            rest = rest.dropFirst()
        }
    }

    /// Reads commands that pass their results on, until the end or a closing parenthesis.
    private mutating func readPipeline() -> TemplateValue {
        var piped = readCommand(after: nil)
        while case .pipe? = rest.first {
            rest.removeFirst()
            piped = readCommand(after: piped)
        }
        return piped
    }

    /// Reads a function or a value with its arguments; the last one is the result of the command
    /// before.
    private mutating func readCommand(after piped: TemplateValue?) -> TemplateValue {
        var function = TemplateFunction.pass
        if case .name(let name)? = rest.first {
            rest.removeFirst()
            function = TemplateFunction(name)
        }
        var operands: [Operand] = []
        while let operand = readOperand() { operands.append(operand) }
        if let piped { operands.append(.value(piped)) }
        return apply(function, to: operands)
    }

    private mutating func readOperand() -> Operand? {
        switch rest.first {
        case .pipe?, .close?, nil: return nil
        case .string(let text)?, .name(let text)?:
            rest.removeFirst()
            return .text(text)
        case .chain(let variable, let fields)?:
            rest.removeFirst()
            return .chain(
                variable: variable, fields: fields, value: value(of: variable).appending(fields))
        case .fields?:
            rest.removeFirst()
            return .value(TemplateValue())
        case .open?:
            rest.removeFirst()
            return .value(readGroup())
        }
    }

    private func value(of variable: Substring?) -> TemplateValue {
        switch variable {
        case nil: dot
        case ""?: variables[""] ?? .root
        case let name?: variables[name] ?? TemplateValue()
        }
    }

    /// Reads a group after its parenthesis, and the fields of its result.
    private mutating func readGroup() -> TemplateValue {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.depthLimit else {
            rest = []
            return .unknown
        }
        let group = readPipeline()
        if case .close? = rest.first { rest.removeFirst() }
        guard case .fields(let fields)? = rest.first else { return group }
        rest.removeFirst()
        // The parts of a split text, `_0` and so on, are not values of a mapping.
        return group.appending(fields.first?.hasPrefix("_") ?? false ? [] : fields)
    }

    private mutating func apply(
        _ function: TemplateFunction, to operands: [Operand]
    ) -> TemplateValue {
        switch function {
        case .include:
            guard case .text(let name)? = operands.first else { return TemplateValue() }
            let argument = operands.dropFirst().first?.value ?? TemplateValue()
            let output = TemplateValue(calling: name, with: argument)
            calls.formUnion(output, limit: .max)
            return output
        case .index:
            return (operands.first?.value ?? TemplateValue())
                .appending(operands.dropFirst().map(Self.step))
        case .dig:
            let value = operands.last?.value ?? TemplateValue()
            var result = value.appending(operands.dropLast(2).map(Self.step))
            if let other = operands.dropLast().last?.value { result.formUnion(other) }
            return result
        case .dictionary:
            var keys: [Substring: TemplateValue] = [:]
            for index in stride(from: 0, to: operands.count - 1, by: 2) {
                if case .text(let key) = operands[index] { keys[key] = operands[index + 1].value }
            }
            return TemplateValue(keys: keys)
        case .set:
            guard operands.count > 2, let dictionary = operands.first else {
                return Self.union(of: operands)
            }
            return change(
                dictionary, by: TemplateValue(keys: [Self.step(operands[1]): operands[2].value]))
        case .merge:
            guard let dictionary = operands.first else { return TemplateValue() }
            return change(dictionary, by: Self.union(of: Array(operands.dropFirst())))
        case .test: return TemplateValue()
        case .compare:
            versions.formUnion(Self.union(of: operands).flattened)
            return Self.union(of: operands)
        case .remove(let parts):
            guard case .text(let text)? = operands.first else { return Self.union(of: operands) }
            return Self.union(of: operands).removing(parts(text))
        case .pass: return Self.union(of: operands)
        }
    }

    /// Adds a value to a dictionary, which the variable of an argument also has afterwards.
    private mutating func change(
        _ dictionary: Operand, by value: TemplateValue
    ) -> TemplateValue {
        var result = dictionary.value
        result.formUnion(value)
        if case .chain(let variable, let fields, _) = dictionary {
            let whole = fields.reversed().reduce(value) { TemplateValue(keys: [$1: $0]) }
            changes.append((variable, whole))
        }
        return result
    }

    private static func union(of operands: [Operand]) -> TemplateValue {
        var result = TemplateValue()
        for operand in operands { result.formUnion(operand.value) }
        return result
    }

    /// Returns the step to an element; a number and a computed key can be any element.
    private static func step(_ operand: Operand) -> Substring {
        guard case .text(let text) = operand, text.contains(where: { !$0.isNumber }) else {
            return TemplateValue.anyStep
        }
        return text
    }
}

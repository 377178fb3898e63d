// SPDX-License-Identifier: Apache-2.0

/// The result of the pipeline of an action.
struct TemplateExpression {
    /// The values that the result can contain.
    private(set) var result = TemplateValue()
    /// The values that functions read as versions.
    private(set) var versions = TemplateValue()
    /// The inclusions of named templates, also those whose output is not in the result.
    private(set) var calls = TemplateValue()
    /// The words that functions such as `printf` combine of values.
    private(set) var words: [TemplateWord] = []
    /// The values that functions such as `set` add to the dictionaries of variables; `nil` for the dot.
    private(set) var changes: [(variable: Substring?, value: TemplateValue)] = []

    private let dot: TemplateValue
    private let variables: [Substring: TemplateValue]
    private var rest: ArraySlice<TemplateAction.Word>
    private var depth = 0

    private static let depthLimit = 32
    /// The number of texts around the template in a text.
    private var nesting = 0
    private static let nestingLimit = 4

    /// Evaluates the pipeline of an action.
    init(
        _ action: TemplateAction, dot: TemplateValue, variables: [Substring: TemplateValue],
        nesting: Int = 0
    ) {
        self.nesting = nesting
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
        var operands: [TemplateOperand] = []
        while let operand = readOperand() { operands.append(operand) }
        if let piped { operands.append(.value(piped)) }
        return apply(function, to: operands)
    }

    private mutating func readOperand() -> TemplateOperand? {
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
        _ function: TemplateFunction, to operands: [TemplateOperand]
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
        case .coalesce:
            return operands.reduce(TemplateValue()) { $0.or($1.value) }
        case .fallback:
            return operands.reversed().reduce(TemplateValue()) { $0.or($1.value) }
        case .choice: return Self.union(of: Array(operands.prefix(2)))
        case .pluck:
            guard let key = operands.first.map(Self.step) else { return TemplateValue() }
            return operands.dropFirst().reduce(TemplateValue()) { result, mapping in
                var result = result
                result.formUnion(mapping.value.appending([key]))
                return result
            }
        case .evaluate: return evaluate(operands)
        case .format:
            if case .text(let format)? = operands.first {
                add(TemplateWord(format: format, of: operands.dropFirst()))
            }
            return Self.union(of: operands)
        case .concatenate:
            let all = Self.union(of: operands)
            let texts = operands.compactMap(\.text)
            guard texts.isEmpty || texts.contains(where: { $0.contains(":") || $0.contains("@") })
            else { return all }
            // Each value can be before each other one, as those of a list.
            add(TemplateWord(parts: [all, all].map { TemplateWord.Part(text: "", value: $0) }))
            return all
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

    private mutating func add(_ word: TemplateWord) {
        if word.isCombined { words.append(word) }
    }

    /// Evaluates a text that is a template, or passes on a value that can be one.
    private mutating func evaluate(_ operands: [TemplateOperand]) -> TemplateValue {
        guard case .text(let text)? = operands.first else {
            return operands.first?.value ?? TemplateValue()
        }
        guard nesting < Self.nestingLimit else { return .unknown }
        let context = operands.dropFirst().first?.value ?? TemplateValue()
        let bytes = Array(text.replacing("\\\"", with: "\"").utf8)
        var output = TemplateValue()
        var line = TemplateLine()
        var start = 0
        while let action = TemplateText.action(in: bytes, from: start) {
            line.read(bytes[start..<action.start], under: [])
            start = action.end
            let text = String(
                decoding: bytes[(action.start + 2)..<(action.end - 2)], as: UTF8.self)
            guard let inner = TemplateAction(text), inner.keyword == nil else { continue }
            let expression = TemplateExpression(
                inner, dot: context, variables: ["": context], nesting: nesting + 1)
            versions.formUnion(expression.versions, limit: .max)
            calls.formUnion(expression.calls, limit: .max)
            words += expression.words
            output.formUnion(expression.result)
            line.add(expression.result)
        }
        line.end()
        words += line.takeWords()
        return output
    }

    /// Adds a value to a dictionary, which the variable of an argument also has afterwards.
    private mutating func change(
        _ dictionary: TemplateOperand, by value: TemplateValue
    ) -> TemplateValue {
        var result = dictionary.value
        result.formUnion(value)
        if case .chain(let variable, let fields, _) = dictionary {
            let whole = fields.reversed().reduce(value) { TemplateValue(keys: [$1: $0]) }
            changes.append((variable, whole))
        }
        return result
    }

    private static func union(of operands: [TemplateOperand]) -> TemplateValue {
        var result = TemplateValue()
        for operand in operands { result.formUnion(operand.value) }
        return result
    }

    /// Returns the step to an element; a number and a computed key can be any element.
    private static func step(_ operand: TemplateOperand) -> Substring {
        guard case .text(let text) = operand, text.contains(where: { !$0.isNumber }) else {
            return TemplateValue.anyStep
        }
        return text
    }
}

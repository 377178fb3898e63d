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
    /// The changes of values that functions such as `set` make.
    private(set) var valueChanges: [TemplateChange] = []
    /// The known conditions under which the result is not empty.
    private(set) var conditions: [TemplateWord.Condition] = []
    /// A Boolean value that indicates whether the result is not empty under these conditions.
    private(set) var isConditionExact = false

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

    /// Adds conditions to the words that functions combine.
    mutating func require(_ conditions: [TemplateWord.Condition]) {
        guard !conditions.isEmpty else { return }
        words = words.map { $0.requiring(conditions) }
        result = result.requiring(conditions)
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
        var function: TemplateFunction?
        if case .name(let name)? = rest.first {
            rest.removeFirst()
            function = TemplateFunction(name)
        }
        var operands: [TemplateOperand] = []
        var tests: [(conditions: [TemplateWord.Condition], isExact: Bool)] = []
        if piped != nil { tests.append((conditions, isConditionExact)) }
        while true {
            let isGroup = rest.first == .open
            guard let operand = readOperand() else { break }
            operands.append(operand)
            let own = Self.conditions(of: operand.value)
            tests.append(isGroup ? (conditions, isConditionExact) : (own, !own.isEmpty))
        }
        if let piped { operands.append(.value(piped)) }
        let result = apply(function ?? .pass, to: operands)
        switch function {
        case .conjunction?:
            conditions = tests.flatMap(\.conditions)
            isConditionExact = tests.allSatisfy(\.isExact)
        case .negation?:
            let negated =
                tests.count == 1 && tests[0].isExact && tests[0].conditions.count == 1
                ? tests[0].conditions.map(\.negated) : []
            (conditions, isConditionExact) = (negated, !negated.isEmpty)
        case nil where tests.count == 1: (conditions, isConditionExact) = tests[0]
        default:
            conditions = Self.conditions(of: result)
            isConditionExact = !conditions.isEmpty
        }
        return result
    }

    /// Returns the conditions under which a value is not empty.
    private static func conditions(of value: TemplateValue) -> [TemplateWord.Condition] {
        guard let order = value.order, !order.isEmpty, value.texts.isEmpty else { return [] }
        return [TemplateWord.Condition(value: value, isEmpty: false)]
    }

    private mutating func readOperand() -> TemplateOperand? {
        switch rest.first {
        case .pipe?, .close?, nil: return nil
        case .string(let text)?:
            rest.removeFirst()
            return .text(text)
        case .name(let name)?:
            rest.removeFirst()
            return .name(name)
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
            let value = operands.first?.value ?? TemplateValue()
            let steps = operands.dropFirst().map(Self.step)
            guard steps.allSatisfy({ $0.allSatisfy(\.isNumber) }) else {
                return value.appending(steps)
            }
            // The value can also be a text that a function split.
            var result = value.appending(steps)
            result.formUnion(value.withoutKeys)
            return result
        case .dig:
            let value = operands.last?.value ?? TemplateValue()
            let result = value.appending(operands.dropLast(2).map(Self.step))
            return result.or(operands.dropLast().last?.value ?? TemplateValue())
        case .dictionary:
            var keys: [Substring: TemplateValue] = [:]
            for index in stride(from: 0, to: operands.count - 1, by: 2) {
                if let key = operands[index].text { keys[key] = operands[index + 1].value }
            }
            return TemplateValue(keys: keys)
        case .copy: return Self.union(ofValuesIn: operands).copied
        case .list: return TemplateValue(elements: operands.map(\.value))
        case .element:
            let value = operands.first?.value ?? TemplateValue()
            if let elements = value.elements {
                return elements.reduce(TemplateValue()) { $0.or($1) }
            }
            // The value can also be a text that a function split.
            var result = value.appending([TemplateValue.anyStep])
            result.formUnion(value.withoutKeys)
            return result
        case .elements:
            return Self.union(of: operands.map { .value($0.value.withoutPositions) })
        case .append:
            let added = Self.union(of: Array(operands.dropFirst()))
            var list = (operands.first?.value ?? TemplateValue()).withoutPositions
            list.formUnion(TemplateValue(keys: [TemplateValue.anyStep: added]))
            return list
        case .set:
            guard operands.count > 2, let dictionary = operands.first else {
                return Self.union(of: operands)
            }
            let key = Self.step(operands[1])
            let value = operands[2].value
            valueChanges.append(
                TemplateChange(
                    target: dictionary.value.withoutKeys.appending([key]), value: value,
                    isFallback: false))
            return change(dictionary, by: TemplateValue(keys: [key: value]))
        case .merge(let overwrites):
            guard let dictionary = operands.first else { return TemplateValue() }
            let others = operands.dropFirst().map(\.value)
            let ordered = overwrites ? others.reversed() : others
            let other = ordered.reduce(TemplateValue()) { $0.or($1) }
            valueChanges.append(
                TemplateChange(
                    target: dictionary.value.withoutKeys, value: other, isFallback: !overwrites))
            let result = overwrites ? other.or(dictionary.value) : dictionary.value.or(other)
            _ = change(dictionary, by: other)
            return result
        case .coalesce:
            return operands.reduce(TemplateValue()) { $0.or($1.value) }
        case .fallback:
            return operands.reversed().reduce(TemplateValue()) { $0.or($1.value) }
        case .choice: return Self.union(of: Array(operands.prefix(2)))
        case .pluck:
            guard let key = operands.first.map(Self.step) else { return TemplateValue() }
            return TemplateValue(
                elements: operands.dropFirst().map { $0.value.appending([key]) })
        case .evaluate: return evaluate(operands)
        case .format:
            guard case .text(let format)? = operands.first else {
                return Self.union(of: operands)
            }
            return combine(
                TemplateWord(format: format, of: operands.dropFirst()),
                of: Array(operands.dropFirst()))
        case .concatenate: return combine(TemplateWord(operands), of: operands)
        case .join:
            guard let separator = operands.first, let list = operands.dropFirst().first?.value
            else { return Self.union(of: operands) }
            if let elements = list.elements {
                let joined = elements.map { [TemplateOperand.value($0)] }
                    .joined(separator: [separator])
                return combine(TemplateWord(joined), of: Array(joined))
            }
            if separator.text.map({ $0.contains(":") || $0.contains("@") }) ?? true {
                // Each element can be before each other one.
                add(TemplateWord([.value(list), .value(list)]))
            }
            return list.flattened
        case .conjunction: return Self.union(of: operands)
        case .negation: return .constant
        case .test: return .constant
        case .compare:
            versions.formUnion(Self.union(of: operands).flattened)
            return Self.union(ofValuesIn: operands)
        case .remove(let parts):
            let values = Self.union(ofValuesIn: operands)
            guard let text = operands.first?.text else { return values }
            // Functions with three arguments replace text.
            let isChanged =
                operands.count > 2 && text.contains(where: \.isLetter)
                && !Self.changesRegistry(text, operands)
            return (isChanged ? values.withOtherText : values).removing(parts(text))
        case .pass: return Self.union(ofValuesIn: operands)
        }
    }

    /// Returns a Boolean value that indicates whether a function replaces only the registry of a name.
    private static func changesRegistry(_ text: Substring, _ operands: [TemplateOperand]) -> Bool {
        let old = text.drop { $0 == "^" }.replacing("\\", with: "")
        let host = old.hasSuffix("/") ? old.dropLast() : old[...]
        guard ImageText.isHost(host), !host.contains("/") else { return false }
        return operands.dropFirst().allSatisfy { operand in
            operand.text.map { $0.isEmpty || ImageText.isRegistry(String($0)) } ?? true
        }
    }

    private mutating func add(_ word: TemplateWord) {
        if word.isCombined { words.append(word.trimmed) }
    }

    /// Records a word that a function combines of its operands, and returns its value.
    private mutating func combine(
        _ word: TemplateWord, of operands: [TemplateOperand]
    ) -> TemplateValue {
        guard !word.parts.isEmpty else { return TemplateValue(text: Substring(word.end)) }
        add(word)
        var value = Self.union(of: operands).withOtherText(at: word.composed).withoutWords
        value.words.insert(
            contentsOf: word.expanded.filter {
                $0.isCombined && $0.endingWithTag(below: nil) != nil
            })
        return value
    }

    /// Evaluates a text that is a template, or passes on a value that can be one.
    private mutating func evaluate(_ operands: [TemplateOperand]) -> TemplateValue {
        guard case .text(let text)? = operands.first else {
            return operands.first?.value ?? TemplateValue()
        }
        guard nesting < Self.nestingLimit else { return .unknown }
        guard text.contains("{{") else { return TemplateValue(text: text) }
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
            valueChanges += expression.valueChanges
            output.formUnion(expression.result)
            line.add(expression.result)
        }
        line.read(bytes[start...], under: [])
        line.end()
        let combined = line.takeWords()
        words += combined
        for word in combined { output = output.withOtherText(at: word.composed) }
        output.words.insert(contentsOf: combined.flatMap(\.expanded))
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

    /// Returns the union of the arguments of a function whose texts are only settings, unless there is
    /// nothing else.
    private static func union(ofValuesIn operands: [TemplateOperand]) -> TemplateValue {
        let values = operands.filter { $0.text == nil }
        return union(of: values.isEmpty ? operands : values)
    }

    /// Returns the step to an element; a computed key can be any element.
    private static func step(_ operand: TemplateOperand) -> Substring {
        operand.text ?? TemplateValue.anyStep
    }
}

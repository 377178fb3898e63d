// SPDX-License-Identifier: Apache-2.0

/// Follows values through the templates of a chart to labels, names and versions.
///
/// The scanner understands field chains, variables, `with`, `range`, and named templates.
/// ``TemplateFunction`` states which functions remove a digest; every other function, such as
/// `default` and `printf`, passes the value on. Both branches of a condition count.
///
/// Source: Go, `text/template`; Helm, template functions.
struct TemplateScanner {
    /// The state between two actions.
    private struct State {
        var dot = TemplateValue.root
        var variables: [Substring: TemplateValue] = [:]
        var blocks: [TemplateBlock] = []
        var text = TemplateText()
        var line = TemplateLine()
        var fields = TemplateFields()
        /// The conditions under which the next action is used.
        var conditions: [TemplateWord.Condition] = []
        /// The values that an iteration of a loop assigns to variables that the next one can read.
        var loopValues: [Substring: TemplateValue] = [:]

        /// The number of loops around the next action.
        var loops: Int { blocks.count { $0.isLoop } }
    }

    private static let blockLimit = 1000
    /// The maximum number of times that a template with loops is read.
    private static let passLimit = 4

    private(set) var definitions: [Substring: TemplateDefinition] = [:]
    /// All text outside of named templates.
    private(set) var main = TemplateDefinition()

    /// Reads templates.
    ///
    /// - Parameters:
    ///   - templates: The templates of the chart.
    ///   - libraries: The templates of other charts, of which only the named ones count.
    ///   - values: The values of the chart, which can be templates too.
    init(_ templates: [[UInt8]], libraries: [[UInt8]] = [], values: [UInt8]? = nil) {
        for text in libraries { scan(text) }
        main = TemplateDefinition()
        for text in templates { scan(text) }
        if let values {
            scan(values)
            for change in TemplateChange.all(inValues: values) { main.record(change) }
        }
    }

    private mutating func scan(_ text: [UInt8]) {
        var carried: [Substring: TemplateValue] = [:]
        for _ in 0..<Self.passLimit {
            let assigned = scan(text, carrying: carried)
            guard assigned != carried else { return }
            carried = assigned
        }
        main.isIncomplete = true
    }

    /// Reads a template once.
    ///
    /// - Parameters:
    ///   - text: The template.
    ///   - carried: The values that loops assign to variables, as the previous reading found them.
    /// - Returns: The values that loops assign.
    private mutating func scan(
        _ text: [UInt8], carrying carried: [Substring: TemplateValue]
    ) -> [Substring: TemplateValue] {
        var state = State()
        var start = 0
        while let action = TemplateText.action(in: text, from: start) {
            readLine(text[start..<action.start], of: text, to: action, in: &state)
            let words = text[(action.start + 2)..<(action.end - 2)]
            if let action = TemplateAction(String(decoding: words, as: UTF8.self)) {
                apply(action, to: &state, carrying: carried)
            }
            start = action.end
        }
        readLine(text[start...], of: text, to: nil, in: &state)
        state.line.end()
        recordWords(in: &state)
        return state.loopValues
    }

    /// Reads the text before an action into the line, without the white space that the actions around
    /// it remove.
    private mutating func readLine(
        _ part: ArraySlice<UInt8>, of text: [UInt8], to action: (start: Int, end: Int)?,
        in state: inout State
    ) {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        state.text.read(part)
        var part = part
        let start = part.startIndex
        if start > 2, text[start - 3] == UInt8(ascii: "-") { part = part.drop(while: isSpace) }
        if let action, action.start + 2 < text.count, text[action.start + 2] == UInt8(ascii: "-") {
            part = part[..<((part.lastIndex { !isSpace($0) } ?? part.startIndex - 1) + 1)]
        }
        state.line.read(part, under: state.conditions)
        recordWords(in: &state)
        for entry in state.text.takeNames() {
            add(
                TemplateValue(text: entry.value), of: entry.key, indent: entry.indent,
                isElement: entry.isElement, in: &state)
        }
        guard let name = state.blocks.last?.definition else { return }
        for word in part.split(whereSeparator: isSpace) {
            definitions[name, default: TemplateDefinition()]
                .record(text: Substring(decoding: word, as: UTF8.self))
        }
    }

    private mutating func output(_ value: TemplateValue, in state: inout State) {
        state.line.add(value)
        guard let (key, indent, isElement) = state.text.key else { return }
        add(value, of: key, indent: indent, isElement: isElement, in: &state)
    }

    /// Adds the value of a key, and records the image that its mapping consists of.
    private mutating func add(
        _ value: TemplateValue, of key: Substring, indent: Int, isElement: Bool,
        in state: inout State
    ) {
        let word = state.fields.add(value, of: key, indent: indent, isElement: isElement)
        if let word { record([word], areInText: false, in: state) }
    }

    private mutating func recordWords(in state: inout State) {
        record(state.line.takeWords(), areInText: true, in: state)
    }

    private mutating func record(_ words: [TemplateWord], areInText: Bool, in state: State) {
        guard !words.isEmpty else { return }
        if let name = state.blocks.last?.definition {
            definitions[name, default: TemplateDefinition()]
                .record(words, areInText: areInText)
        } else {
            main.record(words, areInText: areInText)
        }
    }

    private mutating func apply(
        _ action: TemplateAction, to state: inout State,
        carrying carried: [Substring: TemplateValue]
    ) {
        if action.keyword?.hasPrefix("else") ?? false, let last = state.blocks.indices.last {
            state.dot = state.blocks[last].dot
            Self.restore(&state, state.blocks[last].declared)
            state.blocks[last].declared = [:]
            state.conditions = state.blocks[last].endBranch(of: &state.line)
            if action.keyword == "else" { state.blocks[last].isExhaustive = true }
        }
        var value = TemplateExpression(action, dot: state.dot, variables: state.variables)
        value.require(state.conditions)
        Self.change(value.changes, in: &state)
        switch action.keyword {
        case "define", "block":
            guard case .string(let name)? = action.words.first else { return }
            if action.keyword == "block" {
                let inclusion = TemplateExpression(
                    action.inclusion, dot: state.dot, variables: state.variables)
                record(inclusion, in: state, isOutput: true)
            }
            state.text = TemplateText()
            open(dot: .root, definition: name, in: &state)
            state.line = TemplateLine(hasImages: ImageText.isImageKey(String(name)))
            state.conditions = []
        case "with", "range":
            record(value, in: state)
            let isLoop = action.keyword == "range"
            let dot = isLoop ? Self.element(of: value.result, action) : value.result
            open(dot: dot, isLoop: isLoop, in: &state)
            if !isLoop { Self.require(value, in: &state) }
            Self.set(action, to: dot, in: &state, carrying: carried)
        case "if":
            record(value, in: state)
            open(dot: state.dot, in: &state)
            Self.require(value, in: &state)
            Self.set(action, to: value.result, in: &state, carrying: carried)
        case "else", "else if", "else with":
            record(value, in: state)
            if action.keyword != "else" { Self.require(value, in: &state) }
            Self.set(action, to: value.result, in: &state, carrying: carried)
            if action.keyword == "else with" { state.dot = value.result }
        case "end":
            guard var block = state.blocks.last else { return }
            if block.definition != state.blocks.dropLast().last?.definition {
                state.line.end()
                recordWords(in: &state)
                (state.text, state.line) = (TemplateText(), block.line)
            } else {
                block.end(&state.line)
            }
            state.blocks.removeLast()
            state.conditions = block.conditions
            state.dot = block.dot
            Self.restore(&state, block.declared)
        case "break", "continue": return
        default:
            record(
                value, in: state, isOutput: action.variable == nil,
                isImage: action.variable.map { ImageText.isImageKey(String($0)) } ?? false)
            if action.variable == nil, !state.text.isComment {
                if action.beginsLine {
                    state.line.beginLine(under: state.conditions)
                    recordWords(in: &state)
                }
                output(value.result, in: &state)
            }
            Self.set(action, to: value.result, in: &state, carrying: carried)
        }
    }

    private mutating func open(
        dot: TemplateValue, definition: Substring? = nil, isLoop: Bool = false,
        in state: inout State
    ) {
        guard state.blocks.count < Self.blockLimit else {
            main.isIncomplete = true
            return
        }
        state.blocks.append(
            TemplateBlock(
                dot: state.dot, definition: definition ?? state.blocks.last?.definition,
                isLoop: isLoop, line: state.line, conditions: state.conditions))
        state.dot = dot
    }

    /// Adds the conditions of a branch.
    private static func require(_ expression: TemplateExpression, in state: inout State) {
        guard let last = state.blocks.indices.last else { return }
        let conditions = expression.conditions
        if conditions.count == 1, expression.isConditionExact {
            state.blocks[last].condition = conditions[0]
        }
        for condition in conditions {
            if state.conditions.count < TemplateWord.limit { state.conditions.append(condition) }
            state.line.add(condition)
        }
    }

    /// Returns the elements that a loop visits: those of a value, or what its functions list.
    private static func element(
        of value: TemplateValue, _ action: TemplateAction
    ) -> TemplateValue {
        var element = value.appending([TemplateValue.anyStep])
        if action.words.count > 1 { element.formUnion(value) }
        return element
    }

    /// Sets the variable of an action.
    ///
    /// An assignment in a block may not run, so that the variable can keep its value, unless the
    /// same block declares it.
    private static func set(
        _ action: TemplateAction, to value: TemplateValue, in state: inout State,
        carrying carried: [Substring: TemplateValue]
    ) {
        guard let name = action.variable else { return }
        let last = state.blocks.indices.last
        if action.isDeclaration {
            if let last, state.blocks[last].declared[name] == nil {
                state.blocks[last].declared[name] = .some(state.variables[name])
            }
            var value = value
            if let other = carried[name] { value.formUnion(other) }
            state.variables[name] = value
        } else if let last, state.blocks[last].declared[name] == nil {
            state.variables[name, default: TemplateValue()].formUnion(value)
            if state.loops > 0 {
                state.loopValues[name, default: TemplateValue()].formUnion(value)
            }
        } else {
            state.variables[name] = value
        }
    }

    /// Adds the keys that functions such as `set` add to the dictionaries of variables and of the dot.
    private static func change(
        _ changes: [(variable: Substring?, value: TemplateValue)], in state: inout State
    ) {
        for (name, value) in changes {
            guard let name else {
                state.dot.formUnion(value)
                continue
            }
            // `$` is the root context.
            state.variables[name, default: name.isEmpty ? .root : TemplateValue()].formUnion(value)
            if state.loops > 0 {
                state.loopValues[name, default: TemplateValue()].formUnion(value)
            }
        }
    }

    private static func restore(
        _ state: inout State, _ declared: [Substring: TemplateValue?]
    ) {
        for (name, value) in declared { state.variables[name] = value }
    }

    /// Records the values that an action reads.
    private mutating func record(
        _ value: TemplateExpression, in state: State, isOutput: Bool = false,
        isImage: Bool = false
    ) {
        let isOutput = isOutput && !state.text.isComment
        let isVersion = isOutput && state.text.isInVersion
        if let name = state.blocks.last?.definition {
            definitions[name, default: TemplateDefinition()].record(
                value, under: state.conditions, isOutput: isOutput, isVersion: isVersion)
        } else {
            main.record(
                value, under: state.conditions, isOutput: false, isVersion: isVersion)
        }
        let isImage = isImage || (isOutput && state.line.isInImage)
        record(
            value.words.map { word in
                var word = word
                if isImage { word.isImage = true }
                return word
            }, areInText: false, in: state)
    }
}

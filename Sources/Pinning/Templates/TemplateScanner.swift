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
        var blocks: [Block] = []
        var text = TemplateText()
        /// The values that an iteration of a loop assigns to variables that the next one can read.
        var loopValues: [Substring: TemplateValue] = [:]

        /// The number of loops around the next action.
        var loops: Int { blocks.count { $0.isLoop } }
    }

    /// An open block.
    private struct Block {
        /// The dot outside of the block.
        let dot: TemplateValue
        /// The definition that the block belongs to; `nil` for the text outside of definitions.
        let definition: Substring?
        let isLoop: Bool
        /// The variables that the block declares, with their values outside of it.
        var declared: [Substring: TemplateValue?] = [:]
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
    init(_ templates: [[UInt8]], libraries: [[UInt8]] = []) {
        for text in libraries { scan(text) }
        main = TemplateDefinition()
        for text in templates { scan(text) }
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
            state.text.read(text[start..<action.start])
            let words = text[(action.start + 2)..<(action.end - 2)]
            if let action = TemplateAction(String(decoding: words, as: UTF8.self)) {
                apply(action, to: &state, carrying: carried)
            }
            start = action.end
        }
        return state.loopValues
    }

    private mutating func apply(
        _ action: TemplateAction, to state: inout State,
        carrying carried: [Substring: TemplateValue]
    ) {
        if action.keyword?.hasPrefix("else") ?? false, let last = state.blocks.indices.last {
            state.dot = state.blocks[last].dot
            Self.restore(&state, state.blocks[last].declared)
            state.blocks[last].declared = [:]
        }
        let value = TemplateExpression(action, dot: state.dot, variables: state.variables)
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
        case "with", "range":
            record(value, in: state)
            let isLoop = action.keyword == "range"
            let dot = isLoop ? Self.element(of: value.result, action) : value.result
            open(dot: dot, isLoop: isLoop, in: &state)
            Self.set(action, to: dot, in: &state, carrying: carried)
        case "if":
            record(value, in: state)
            open(dot: state.dot, in: &state)
            Self.set(action, to: value.result, in: &state, carrying: carried)
        case "else", "else if", "else with":
            record(value, in: state)
            Self.set(action, to: value.result, in: &state, carrying: carried)
            if action.keyword == "else with" { state.dot = value.result }
        case "end":
            guard let block = state.blocks.popLast() else { return }
            state.dot = block.dot
            Self.restore(&state, block.declared)
            if block.definition != state.blocks.last?.definition { state.text = TemplateText() }
        case "break", "continue": return
        default:
            record(value, in: state, isOutput: action.variable == nil)
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
            Block(
                dot: state.dot, definition: definition ?? state.blocks.last?.definition,
                isLoop: isLoop))
        state.dot = dot
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
        _ value: TemplateExpression, in state: State, isOutput: Bool = false
    ) {
        let isOutput = isOutput && !state.text.isComment
        let isVersion = isOutput && state.text.isInVersion
        if let name = state.blocks.last?.definition {
            definitions[name, default: TemplateDefinition()]
                .record(value, isOutput: isOutput, isVersion: isVersion)
        } else {
            main.record(value, isOutput: false, isVersion: isVersion)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Conditions and loops.
extension ShellRun {
    mutating func conditional(
        _ branches: [ShellCommand.Branch], otherwise: ShellCommand?, in state: ShellState,
        isChecked: Bool
    ) -> [ShellFlow] {
        var results: [ShellFlow] = []
        var pending = [ShellFlow(state: state, status: .failure)]
        for branch in branches {
            let conditions = each(pending) { run, flow in
                run.evaluate(branch.condition, flow.state, isChecked: true)
            }
            results += each(conditions.filter { $0.status != .failure }) { run, flow in
                run.evaluate(branch.body, flow.state, isChecked: isChecked)
            }
            pending = conditions.filter { $0.status != .success }
        }
        return results
            + each(pending) { run, flow in
                guard let otherwise else { return [ShellFlow(state: flow.state, status: .success)] }
                return run.evaluate(otherwise, flow.state, isChecked: isChecked)
            }
    }

    mutating func selection(
        of word: ShellWord, among items: [ShellCommand.Item], in state: ShellState, isChecked: Bool
    ) -> [ShellFlow] {
        guard
            takeSteps(
                [word] + items.flatMap(\.patterns),
                patternCount: items.reduce(0) {
                    $0 + $1.patterns.count
                })
        else {
            addUnknownEnding()
            return []
        }
        let subject = state.value(of: word, substitute)
        var results: [ShellFlow] = []
        // No item has certainly matched yet.
        var remains = true
        for item in items where remains {
            let match = match(subject, with: item, in: state)
            guard match != false else { continue }
            let flows = evaluate(item.body, state, isChecked: isChecked)
            results += flows
            if !item.isFinal {
                // The next item follows in a way that is not modeled.
                for flow in flows { end(flow.state, isFailure: false) }
            }
            remains = match == nil
        }
        if remains { results.append(ShellFlow(state: state, status: .success)) }
        return each(results) { _, flow in [flow] }
    }

    /// Returns whether an item of `case` matches; `nil` if that is unknown.
    private func match(
        _ subject: String?, with item: ShellCommand.Item, in state: ShellState
    ) -> Bool? {
        let patterns = item.patterns.map { state.pattern(of: $0, substitute) }
        if patterns.contains(where: { $0?.elements == [.anyText] }) { return true }
        guard let subject else { return nil }
        let matches = patterns.map { $0?.matches(subject) }
        if matches.contains(true) { return true }
        return matches.contains(nil) ? nil : false
    }

    /// Evaluates a loop: its body may run any number of times, after which everything that it can
    /// change is unknown.
    mutating func loop(
        _ body: ShellCommand, while condition: ShellCommand?, variable: String?,
        in state: ShellState
    ) -> [ShellFlow] {
        var state = state
        var effects = ShellEffects(of: body)
        if let condition { effects.formUnion(ShellEffects(of: condition)) }
        if let variable { effects.variables.insert(variable) }
        effects.apply(to: &state, functions: functions.map(\.body))
        state.last = []
        var entered = [ShellFlow(state: state, status: .unknown)]
        var left = entered
        if let condition {
            let conditions = evaluate(condition, state, isChecked: true)
            entered = conditions.filter { $0.status != .failure }
            left = conditions.filter { $0.status != .success }
            if effects.leavesLoop { left.append(ShellFlow(state: state, status: .success)) }
            if !condition.endsLoop(whose: effects) {
                mayWait = true
                end(state, isFailure: false)
            }
        }
        loopNesting += 1
        _ = each(entered) { run, flow in run.evaluate(body, flow.state, isChecked: true) }
        loopNesting -= 1
        return each(left) { _, flow in [ShellFlow(state: flow.state, status: .unknown)] }
    }
}

extension ShellCommand {
    /// Returns whether a condition certainly ends its loop: the standard input ends, and so do
    /// arguments that the loop shifts.
    fileprivate func endsLoop(whose effects: ShellEffects) -> Bool {
        guard case .list(let commands) = self, commands.count == 1,
            case .simple(let simple) = commands[0]
        else { return false }
        switch simple.words.first?.literal {
        case "read": return true
        case "[", "test":
            let count = ShellWord.Part.parameter(ShellWord.Parameter(name: "#"), isQuoted: false)
            let quoted = ShellWord.Part.parameter(ShellWord.Parameter(name: "#"), isQuoted: true)
            return effects.changesArguments
                && simple.words.contains { $0.parts == [count] || $0.parts.last == quoted }
        default: return false
        }
    }
}

/// The parts of a state that the commands of a loop can change.
struct ShellEffects {
    var variables: Set<String> = []
    fileprivate private(set) var changesArguments = false
    private var changesDirectory = false
    private var changesEverything = false
    /// The names of commands, which can be functions.
    private var calls: Set<String> = []
    /// A Boolean value that indicates whether a command can end the loop.
    private(set) var leavesLoop = false

    init(of command: ShellCommand) {
        add(command)
    }

    mutating func formUnion(_ other: ShellEffects) {
        variables.formUnion(other.variables)
        changesArguments = changesArguments || other.changesArguments
        changesDirectory = changesDirectory || other.changesDirectory
        changesEverything = changesEverything || other.changesEverything
        leavesLoop = leavesLoop || other.leavesLoop
        calls.formUnion(other.calls)
    }

    /// Marks the variables that the commands can change as unknown.
    ///
    /// - Parameters:
    ///   - state: The state before the loop.
    ///   - functions: The bodies of functions, by their positions.
    func apply(to state: inout ShellState, functions: [ShellCommand]) {
        var effects = self
        var pending = calls
        var seen: Set<String> = []
        while let name = pending.popFirst() {
            guard seen.insert(name).inserted, let position = state.functions[name] else { continue }
            let called = ShellEffects(of: functions[position])
            effects.formUnion(called)
            pending.formUnion(called.calls)
        }
        guard !effects.changesEverything, !state.hasUnknownFunctions else { return state.forget() }
        for name in effects.variables {
            // An assignment changes a variable, but does not end its export.
            state.process.assign(name, nil)
        }
        if effects.changesArguments { state.arguments = nil }
        if effects.changesDirectory { state.process.workingDirectory = nil }
    }

    private mutating func add(_ command: ShellCommand) {
        switch command {
        case .simple(let simple): add(simple)
        case .pipeline(let commands), .list(let commands): commands.forEach { add($0) }
        case .not(let command), .background(let command), .subshell(let command): add(command)
        case .chain(let first, let links):
            add(first)
            links.forEach { add($0.command) }
        case .conditional(let branches, let otherwise):
            for branch in branches {
                add(branch.condition)
                add(branch.body)
            }
            if let otherwise { add(otherwise) }
        case .selection(_, let items): items.forEach { add($0.body) }
        case .loop(let condition, let body, let variable):
            if let condition { add(condition) }
            add(body)
            if let variable { variables.insert(variable) }
        // A function can be called, and changes what its body changes.
        case .function: changesEverything = true
        case .test: break
        case .arithmetic: changesEverything = true
        }
    }

    private mutating func add(_ simple: ShellCommand.Simple) {
        variables.formUnion(simple.assignments.map(\.name))
        guard let word = simple.words.first else { return }
        guard let name = word.literal else {
            // A quoted variable is taken to be the path of a program.
            changesEverything = changesEverything || !word.isQuoted
            return
        }
        switch name {
        case "set", "shift": changesArguments = true
        case "cd", "pushd", "popd": changesDirectory = true
        case "break", "return": leavesLoop = true
        case "export", "readonly", "local", "declare", "typeset", "unset", "read", "getopts",
            "mapfile", "readarray", "printf", "let":
            for word in simple.words.dropFirst() {
                guard case .text(let text, _)? = word.parts.first else {
                    changesEverything = true
                    continue
                }
                variables.insert(String(text.prefix { $0 != "=" }))
            }
            if name == "getopts" { variables.formUnion(["OPTIND", "OPTARG"]) }
        case "eval", ".", "source", "builtin", "alias": changesEverything = true
        default: calls.insert(name)
        }
    }
}

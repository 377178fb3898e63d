// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

/// Follows the commands of one shell.
///
/// A state is followed through every possible execution of a script: after a condition that cannot be
/// decided, there are two states. Equal states are merged, and their number is limited.
struct ShellRun {
    typealias Execution = StartedPrograms.Execution

    let tracer: StartTracer
    /// The path of the file that contains the current command; `nil` for the text of the option
    /// `-c`.
    var script: LayerPath?
    /// The name of the shell's program after links, without a directory.
    let shell: String
    /// The number of programs that start each other up to this shell.
    let depth: Int

    /// The executions in which the shell exits or waits.
    private(set) var endings: [Execution] = []
    /// A Boolean value that indicates whether a command was followed that may run forever.
    var mayWait = false
    /// A Boolean value that indicates whether a command is not understood.
    private var hasUnknownStates = false
    /// The texts that were read, and the files that contain them.
    private var texts: [(text: [UInt8], script: LayerPath?)] = []
    /// The bodies of functions, and the files that contain them.
    var functions: [(body: ShellCommand, script: LayerPath?)] = []
    /// The states in which the current function returns; `nil` outside of functions.
    var returns: [ShellFlow]?
    /// The number of functions and files that contain the current command.
    var nesting = 0
    /// The number of loops that contain the current command.
    var loopNesting = 0

    /// The maximum number of states, and of endings.
    private static let maximumFlowCount = 64
    /// The maximum number of commands that contain each other, over all shells.
    private static let maximumCommandNesting = 64
    /// The maximum depth of function calls and files that are read.
    static let maximumNesting = 16

    init(_ tracer: StartTracer, script: LayerPath?, shell: LayerPath, depth: Int) {
        self.tracer = tracer
        self.script = script
        self.shell = String(decoding: shell.name, as: UTF8.self)
        self.depth = depth
    }

    /// Follows a script from its beginning.
    ///
    /// - Parameters:
    ///   - text: The text, or its first bytes.
    ///   - isComplete: A Boolean value that indicates whether this is the whole text.
    ///   - state: The state before the first command.
    /// - Returns: All possible executions.
    mutating func follow(
        _ text: [UInt8], isComplete: Bool, _ state: ShellState
    ) -> [Execution] {
        let (flows, isUnderstood) = commands(of: text, isComplete: isComplete, state)
        for flow in flows {
            end(flow.state, isFailure: isUnderstood && flow.status != .success)
        }
        if hasUnknownStates || tracer.hasUnknownOutput {
            for (text, script) in texts {
                tracer.recordNamedPrograms(in: text) { line in
                    script.map { .line($0, line) } ?? .shellText
                }
            }
        }
        return endings
    }

    /// Evaluates the commands of a text; also returns whether all of them are understood.
    mutating func commands(
        of text: [UInt8], isComplete: Bool, _ state: ShellState, isChecked: Bool = false
    ) -> (flows: [ShellFlow], isUnderstood: Bool) {
        // The last line may be cut off.
        let bytes = isComplete ? text : Array(text.prefix(through: text.lastIndex(of: 0x0A) ?? 0))
        texts.append((bytes, script))
        var parser = ShellParser(ShellLexer(bytes))
        var flows = [ShellFlow(state: state, status: .success)]
        do {
            guard !bytes.contains(0) else { throw UnsupportedShellSyntax() }
            while !flows.isEmpty, let command = try parser.nextCommand() {
                flows = each(flows) { run, flow in
                    run.evaluate(command, flow.state, isChecked: isChecked)
                }
            }
            guard !isComplete, !flows.isEmpty else { return (flows, true) }
        } catch {
            // The rest is not followed.
        }
        return (flows.map { markUnknown($0, line: parser.lexer.line) }, false)
    }

    // MARK: Unknown states

    /// Records that a state is unknown from a command on.
    mutating func markUnknown(_ state: inout ShellState, _ origin: StartedPrograms.Origin) {
        hasUnknownStates = true
        tracer.recordUnfollowed(at: origin)
        state.forget()
        state.execution.isUnknown = true
    }

    private mutating func markUnknown(_ flow: ShellFlow, line: Int) -> ShellFlow {
        var flow = flow
        markUnknown(&flow.state, origin(ofLine: line))
        return flow
    }

    /// Adds an ending about which nothing is known, because a limit is reached.
    mutating func addUnknownEnding() {
        hasUnknownStates = true
        addEnding(tracer.unknown(origin(ofLine: 1))[0])
    }

    // MARK: Flows

    /// Continues each state, and merges equal ones.
    mutating func each(
        _ flows: [ShellFlow], _ next: (inout ShellRun, ShellFlow) -> [ShellFlow]
    ) -> [ShellFlow] {
        var seen: Set<ShellFlow> = []
        var result: [ShellFlow] = []
        for flow in flows {
            for flow in next(&self, flow) where seen.insert(flow).inserted { result.append(flow) }
        }
        guard result.count > Self.maximumFlowCount else { return result }
        addUnknownEnding()
        return Array(result.prefix(Self.maximumFlowCount))
    }

    /// Ends an execution.
    ///
    /// - Parameters:
    ///   - state: The state at the end.
    ///   - isFailure: A Boolean value that indicates whether the shell ends with the status of the
    ///     last command.
    mutating func end(_ state: ShellState, isFailure: Bool) {
        var execution = state.execution
        if isFailure { execution.required.formUnion(state.last) }
        addEnding(execution)
    }

    /// Adds an ending.
    mutating func addEnding(_ execution: Execution) {
        guard !endings.contains(execution) else { return }
        if endings.count < Self.maximumFlowCount {
            endings.append(execution)
        } else {
            endings[0] = tracer.unknown(origin(ofLine: 1))[0]
        }
    }

    /// Evaluates a command in a subshell, and returns its executions.
    mutating func subshell(_ command: ShellCommand, _ state: ShellState) -> [Execution] {
        let outer = (endings, mayWait, returns)
        (endings, mayWait, returns) = ([], false, nil)
        var state = state
        state.execution = Execution()
        state.last = []
        for flow in evaluate(command, state, isChecked: false) {
            end(flow.state, isFailure: flow.status != .success)
        }
        let executions = endings
        (endings, mayWait, returns) = (outer.0, outer.1 || mayWait, outer.2)
        return executions
    }

    /// Counts the steps of matching patterns; returns whether the limit is not reached.
    func takeSteps(_ words: [ShellWord], patternCount: Int = 0) -> Bool {
        let removals = words.lazy.flatMap(\.parts).count { part in
            guard case .parameter(let parameter, _) = part else { return false }
            return if case .removal = parameter.change { true } else { false }
        }
        return tracer.takeStep(
            stateByteCount: (removals + patternCount) * ShellPattern.maximumCost)
    }

    // MARK: Commands

    /// Evaluates a command.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - state: The state before it.
    ///   - isChecked: A Boolean value that indicates whether the status is checked, so that
    ///     `set -e` has no effect.
    /// - Returns: The states after it; none if the shell ends.
    mutating func evaluate(
        _ command: ShellCommand, _ state: ShellState, isChecked: Bool
    ) -> [ShellFlow] {
        guard tracer.takeStep(stateByteCount: state.byteCount),
            tracer.nesting < Self.maximumCommandNesting
        else {
            addUnknownEnding()
            return []
        }
        tracer.nesting += 1
        defer { tracer.nesting -= 1 }
        switch command {
        case .simple(let simple): return evaluate(simple, state, isChecked: isChecked)
        case .list(let commands):
            var flows = [ShellFlow(state: state, status: .success)]
            for command in commands {
                flows = each(flows) { run, flow in
                    run.evaluate(command, flow.state, isChecked: isChecked)
                }
            }
            return flows
        case .not(let command):
            return evaluate(command, state, isChecked: true).map { flow in
                ShellFlow(state: flow.state, status: flow.status.negated)
            }
        case .chain(let first, let links):
            return chain(first, links: links, in: state, isChecked: isChecked)
        case .pipeline(let commands): return pipeline(commands, in: state, isChecked: isChecked)
        case .background(let command):
            let waits = mayWait
            var state = state
            for execution in subshell(command, state) {
                state.execution.reached.formUnion(reached(execution))
            }
            mayWait = waits
            state.last = []
            return [ShellFlow(state: state, status: .success)]
        case .subshell(let command):
            let waits = mayWait
            mayWait = false
            let executions = subshell(command, state)
            defer { mayWait = mayWait || waits }
            return afterChild(executions, state, waits: mayWait, isChecked: isChecked)
        case .conditional(let branches, let otherwise):
            return conditional(branches, otherwise: otherwise, in: state, isChecked: isChecked)
        case .selection(let word, let items):
            return selection(of: word, among: items, in: state, isChecked: isChecked)
        case .loop(let condition, let body, let variable):
            return loop(body, while: condition, variable: variable, in: state)
        case .function(let name, let body):
            var state = state
            functions.append((body, script))
            state.functions[name] = functions.count - 1
            return [ShellFlow(state: state, status: .success)]
        case .test(let words):
            let isDecided = takeSteps(words ?? [], patternCount: 1)
            let result = isDecided ? patternTest(words, in: state) : nil
            return [ShellFlow(state: state, status: ShellStatus(result))]
        case .arithmetic:
            var state = state
            state.forgetNumbers()
            return [ShellFlow(state: state, status: .unknown)]
        }
    }

    private mutating func chain(
        _ first: ShellCommand, links: [ShellCommand.Link], in state: ShellState, isChecked: Bool
    ) -> [ShellFlow] {
        var flows = evaluate(first, state, isChecked: true)
        for (position, link) in links.enumerated() {
            let isLast = position == links.count - 1
            flows = each(flows) { run, flow in
                var flows: [ShellFlow] = []
                let skips = link.isAnd ? ShellStatus.failure : .success
                if flow.status != link.skipsNever {
                    flows.append(ShellFlow(state: flow.state, status: skips))
                }
                if flow.status != skips {
                    let endingCount = run.endings.count
                    let next = run.evaluate(
                        link.command, flow.state, isChecked: isChecked || !isLast)
                    let failed = flow.state.last
                    let endings = run.endings.dropFirst(endingCount)
                    let goesOn =
                        !next.isEmpty
                        || endings.contains(where: { !$0.required.isSuperset(of: failed) })
                    if !link.isAnd, goesOn { run.tracer.handled.formUnion(failed) }
                    flows += next
                }
                return flows
            }
        }
        return flows
    }

    private mutating func pipeline(
        _ commands: [ShellCommand], in state: ShellState, isChecked: Bool
    ) -> [ShellFlow] {
        let waits = mayWait
        mayWait = false
        defer { mayWait = mayWait || waits }
        var state = state
        var last: [Execution] = []
        for (position, command) in commands.enumerated() {
            var child = state
            if position > 0 { child.process.hasRedirectedInput = true }
            last = subshell(command, child)
            if let common = last.first.map(reached),
                last.allSatisfy({ reached($0).isSuperset(of: common) })
            {
                state.execution.reached.formUnion(common)
            }
        }
        return afterChild(last, state, waits: mayWait, isChecked: isChecked)
    }

    /// Returns the failed starts of an execution.
    private func reached(_ execution: Execution) -> Set<Int> {
        execution.required.union(execution.reached).intersection(tracer.failing)
    }

    /// Returns the states after a child process.
    ///
    /// - Parameters:
    ///   - executions: The executions of the child.
    ///   - state: The state before it.
    ///   - waits: A Boolean value that indicates whether the child may run forever.
    ///   - isChecked: A Boolean value that indicates whether `set -e` has no effect.
    /// - Returns: The states; none if the shell ends.
    mutating func afterChild(
        _ executions: [Execution], _ state: ShellState, waits: Bool, isChecked: Bool
    ) -> [ShellFlow] {
        var state = state
        if loopNesting == 0, executions.contains(where: \.isUnknown) {
            state.execution.isUnknown = true
        }
        let fails =
            !executions.isEmpty
            && executions.allSatisfy { !$0.required.isDisjoint(with: tracer.failing) }
        guard !fails else {
            state.last = executions.reduce(into: Set<Int>()) { $0.formUnion($1.required) }
                .intersection(tracer.failing)
            state.execution.reached.formUnion(state.last)
            if state.exitsOnError, !isChecked {
                end(state, isFailure: true)
                return []
            }
            return [ShellFlow(state: state, status: .failure)]
        }
        state.last = executions.dropFirst().reduce(executions.first?.required ?? []) {
            $0.intersection($1.required)
        }
        if state.exitsOnError, !isChecked { state.execution.required.formUnion(state.last) }
        if waits {
            mayWait = true
            end(state, isFailure: true)
        }
        return [ShellFlow(state: state, status: .unknown)]
    }
}

extension ShellCommand.Link {
    /// The status after which the command of the link is certainly evaluated.
    fileprivate var skipsNever: ShellStatus { isAnd ? .success : .failure }
}

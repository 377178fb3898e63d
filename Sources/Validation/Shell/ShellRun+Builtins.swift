// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

/// Builtin commands.
///
/// Source: POSIX.1-2017, XCU § 2.14 Special Built-In Utilities; bash(1), dash(1).
extension ShellRun {
    /// The names of builtins of any shell.
    static let builtins: Set<String> = [
        ".", ":", "[", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "command",
        "compgen", "complete", "continue", "declare", "dirs", "disown", "echo", "enable", "eval",
        "exec", "exit", "export", "false", "fc", "fg", "getopts", "hash", "help", "history", "jobs",
        "kill", "let", "local", "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray",
        "readonly", "return", "set", "shift", "shopt", "source", "suspend", "test", "times", "trap",
        "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait",
    ]

    /// Evaluates a builtin.
    mutating func builtin(_ command: ExpandedCommand, in state: ShellState) -> [ShellFlow] {
        var state = state
        let (name, arguments) = (command.name, command.arguments)
        switch name {
        case "exec": return exec(command, in: state)
        case "exit": return exit(arguments, state)
        case "return":
            guard returns != nil else { return exit(arguments, state) }
            returns?.append(ShellFlow(state: state, status: Self.status(arguments.first)))
            return []
        case "break", "continue":
            // Outside of a loop, they have no effect.
            guard loopNesting == 0 else { return [] }
        case ".", "source": return read(command, in: state)
        case "command" where arguments.first?.text?.hasPrefix("-") == false:
            guard let name = arguments.first?.text else { break }
            let inner = ExpandedCommand(
                name: name, arguments: Array(arguments.dropFirst()), origin: command.origin,
                isChecked: command.isChecked)
            if Self.builtins.contains(name) { return builtin(inner, in: state) }
            return run(inner, inheriting: state.process.inherited, in: state)
        case "eval", "builtin", "alias", "enable":
            markUnknown(&state, command.origin)
            end(state, isFailure: false)
        default: break
        }
        state.last = []
        let status = simpleBuiltin(command, in: &state)
        guard status == .failure, state.exitsOnError, !command.isChecked else {
            return name == "cd"
                ? directoryFlows(of: arguments, in: state)
                : [ShellFlow(state: state, status: status)]
        }
        end(state, isFailure: false)
        return []
    }

    /// Evaluates a builtin that neither ends the shell nor starts a program.
    private mutating func simpleBuiltin(
        _ command: ExpandedCommand, in state: inout ShellState
    ) -> ShellStatus {
        let arguments = command.arguments
        switch command.name {
        case ":", "true", "echo", "trap", "umask", "times", "unalias", "shopt": return .success
        case "false": return .failure
        case "[":
            guard arguments.last?.text == "]" else { return .unknown }
            return ShellStatus(test(arguments.dropLast()))
        case "test": return ShellStatus(test(arguments[...]))
        case "set": return set(arguments, &state)
        case "shift":
            guard let words = state.arguments,
                let count = arguments.first.map({ $0.text.flatMap(Int.init) }) ?? 1,
                (0...words.count).contains(count)
            else {
                state.arguments = nil
                return .unknown
            }
            state.setArguments(words.dropFirst(count))
            return .success
        case "cd", "pushd", "popd": return .unknown
        case "export", "readonly", "declare", "typeset", "local":
            declare(arguments, exports: command.name == "export", &state)
            return .success
        case "unset":
            for argument in arguments {
                guard let name = argument.text else { continue }
                state.process.forget(name)
                state.functions[name] = nil
            }
            return .success
        case "let":
            state.forgetNumbers()
            return .unknown
        case "read", "getopts", "mapfile", "readarray", "printf":
            for argument in arguments {
                if let name = argument.text { state.process.forget(name) }
            }
            return command.name == "printf" ? .success : .unknown
        case "command": return ShellStatus(exists(arguments, state))
        case "wait":
            mayWait = true
            end(state, isFailure: false)
            return .unknown
        default: return .unknown
        }
    }

    // MARK: Ending the shell

    private mutating func exec(
        _ command: ExpandedCommand, in state: ShellState
    ) -> [ShellFlow] {
        var state = state
        guard let parsed = OptionSyntax("cla:").parse(command.arguments) else {
            markUnknown(&state, command.origin)
            end(state, isFailure: false)
            return []
        }
        guard !parsed.operands.isEmpty else {
            // Only redirections.
            state.last = []
            return [ShellFlow(state: state, status: .success)]
        }
        if parsed.options.contains(where: { $0.name == "c" }) { state.process.forgetVariables() }
        let words = Array(parsed.operands)
        let executions = tracer.follow(
            words, state.process.inherited, command.origin, depth: depth + 1)
        guard parsed.isCertain, words.first?.text != nil, !mayBeBuiltin(words, state.process) else {
            markUnknown(&state, command.origin)
            end(state, isFailure: false)
            return []
        }
        for execution in executions { addEnding(state.execution.merging(execution)) }
        return []
    }

    private mutating func exit(_ arguments: [Argument], _ state: ShellState) -> [ShellFlow] {
        let isFailure = Self.status(arguments.first) == .failure
        var state = state
        // The shell ends with a failure, and a program before it has failed.
        if isFailure { state.last.formUnion(state.execution.reached) }
        end(state, isFailure: isFailure)
        return []
    }

    /// Returns the status that an argument of `exit` and `return` states.
    private static func status(_ argument: Argument?) -> ShellStatus {
        guard let number = argument?.text.flatMap(Int.init) else { return .unknown }
        return number & 0xFF == 0 ? .success : .failure
    }

    // MARK: Files

    /// Reads commands from a file.
    private mutating func read(
        _ command: ExpandedCommand, in state: ShellState
    ) -> [ShellFlow] {
        var state = state
        guard command.arguments.count == 1, nesting < Self.maximumNesting,
            let name = command.arguments.first?.text, name.contains("/"),
            let text = tracer.text(ofScript: name, state.process)
        else {
            markUnknown(&state, command.origin)
            end(state, isFailure: false)
            return [ShellFlow(state: state, status: .unknown)]
        }
        let outer = (returns, script)
        (returns, script) = ([], text.path)
        nesting += 1
        let (flows, isUnderstood) = commands(
            of: text.start.bytes, isComplete: text.start.isComplete, state,
            isChecked: command.isChecked)
        let all = flows + (returns ?? [])
        nesting -= 1
        (returns, script) = outer
        guard !isUnderstood else { return each(all) { _, flow in [flow] } }
        for flow in all { end(flow.state, isFailure: false) }
        markUnknown(&state, command.origin)
        return [ShellFlow(state: state, status: .unknown)]
    }

    /// Returns the states after `cd`, which fails where the directory is missing.
    private func directoryFlows(
        of arguments: [Argument], in state: ShellState
    ) -> [ShellFlow] {
        var changed = state
        let operands = arguments.filter { !["--", "-L", "-P", "-e"].contains($0.text) }
        guard operands.count == 1, let path = operands[0].text, path != "-", !path.isEmpty,
            path.hasPrefix("/") || path.hasPrefix(".") || state.process["CDPATH"] == nil,
            state.process.workingDirectory != nil
        else {
            changed.process.workingDirectory = nil
            return [ShellFlow(state: changed, status: .unknown)]
        }
        changed.process.changeDirectory(to: path)
        let directory = changed.process.workingDirectory ?? .root
        switch tracer.rootFileSystem.resolve(Array(directory.description.utf8)) {
        case .found(.directory, _): return [ShellFlow(state: changed, status: .success)]
        case .found: return [ShellFlow(state: state, status: .failure)]
        case .missing, .runtimeMount, .undetermined:
            // A volume can provide the directory.
            changed.process.workingDirectory = nil
            return [
                ShellFlow(state: changed, status: .success),
                ShellFlow(state: state, status: .failure),
            ]
        }
    }

    // MARK: Variables and arguments

    private func declare(_ arguments: [Argument], exports: Bool, _ state: inout ShellState) {
        for argument in arguments {
            guard let text = argument.text else { continue }
            if text.hasPrefix("-") { continue }
            if let equals = text.firstIndex(of: "=") {
                state.process.assign(
                    String(text[..<equals]), String(text[text.index(after: equals)...]),
                    exports: exports)
            } else if exports {
                state.process.export(text)
            }
        }
        // A word with an unknown value may declare any variable.
        if arguments.contains(where: { $0.text == nil }) { state.process.forgetVariables() }
    }

    /// Evaluates `set`.
    private func set(_ arguments: [Argument], _ state: inout ShellState) -> ShellStatus {
        var rest = arguments[...]
        while let word = rest.first {
            guard let text = word.text else {
                // An option, or the first argument.
                state.forget()
                return .unknown
            }
            guard text.hasPrefix("-") || text.hasPrefix("+"), text.count > 1 else { break }
            rest.removeFirst()
            if text == "--" {
                state.setArguments(rest)
                return .success
            }
            let isSet = text.hasPrefix("-")
            for character in text.dropFirst() {
                if character == "e" { state.exitsOnError = isSet }
                if character == "o" {
                    let option = rest.popFirst()?.text
                    if option == "errexit" { state.exitsOnError = isSet }
                    // Without execution, or with other rules.
                    if option == nil || option == "noexec" { state.forget() }
                }
                if character == "n" { state.forget() }
            }
        }
        if !rest.isEmpty { state.setArguments(rest) }
        return .success
    }

    /// Returns whether a program exists that `command -v` is asked for; `nil` if that is unknown.
    private func exists(_ arguments: [Argument], _ state: ShellState) -> Bool? {
        guard arguments.count == 2, ["-v", "-V"].contains(arguments[0].text),
            let name = arguments[1].text, !state.hasUnknownFunctions
        else { return nil }
        if state.functions[name] != nil || Self.builtins.contains(name) { return true }
        switch state.process.lookUp(name, in: tracer.rootFileSystem) {
        case .program: return true
        case .missing: return false
        case .notExecutable, .runtimeMount, .undetermined: return nil
        }
    }
}

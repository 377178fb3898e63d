// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

/// A simple command after the expansion of its words.
struct ExpandedCommand {
    /// The name of a function, builtin or program.
    let name: String
    let arguments: [Argument]
    /// The place of the command in messages.
    let origin: StartedPrograms.Origin
    /// A Boolean value that indicates whether the status is checked, so that `set -e` has no
    /// effect.
    let isChecked: Bool

    /// The name and the arguments.
    var words: [Argument] { [Argument(name)] + arguments }
}

/// Simple commands: assignments, functions and programs.
extension ShellRun {
    mutating func evaluate(
        _ simple: ShellCommand.Simple, _ state: ShellState, isChecked: Bool
    ) -> [ShellFlow] {
        let all = simple.words + simple.assignments.compactMap(\.value)
        guard takeSteps(all) else {
            addUnknownEnding()
            return []
        }
        var state = state
        state.assignDefaults(in: all, substitute)
        let words = state.expand(simple.words, substitute)
        guard let first = words.first else {
            assign(simple.assignments, in: &state, exports: false)
            state.last = []
            return [ShellFlow(state: state, status: .success)]
        }
        let origin = origin(ofLine: simple.line)
        guard let name = first.text, first.isSingle else {
            // What a loop runs for each of several files is taken to be a program that ends.
            if loopNesting > 0, simple.words.first?.isQuoted == true {
                return [ShellFlow(state: state, status: .unknown)]
            }
            // The command is unknown: it may be `exec`, and change everything.
            markUnknown(&state, origin)
            end(state, isFailure: false)
            return [ShellFlow(state: state, status: .unknown)]
        }
        let command = ExpandedCommand(
            name: name, arguments: Array(words.dropFirst()), origin: origin, isChecked: isChecked)
        if let position = state.functions[name] {
            assign(simple.assignments, in: &state, exports: true)
            let flows = callFunction(at: position, with: command, in: state)
            return each(flows) { _, flow in
                var flow = flow
                // Shells differ in whether the assignments remain.
                for assignment in simple.assignments { flow.state.process.forget(assignment.name) }
                return [flow]
            }
        }
        if Self.builtins.contains(name) {
            if name == "exec" || name == "export" || name == "." {
                assign(simple.assignments, in: &state, exports: name == "exec")
            }
            if name == "exec", simple.redirectsInput { state.process.hasRedirectedInput = true }
            return builtin(command, in: state)
        }
        guard !state.hasUnknownFunctions || name.contains("/") else {
            _ = tracer.follow(words, state.process.inherited, origin, depth: depth + 1)
            markUnknown(&state, origin)
            end(state, isFailure: false)
            return [ShellFlow(state: state, status: .unknown)]
        }
        var inherited = state
        assign(simple.assignments, in: &inherited, exports: true)
        if simple.redirectsInput { inherited.process.hasRedirectedInput = true }
        return run(command, inheriting: inherited.process.inherited, in: state)
    }

    /// Evaluates a program.
    mutating func run(
        _ command: ExpandedCommand, inheriting process: ProcessState, in state: ShellState
    ) -> [ShellFlow] {
        let words = command.words
        guard !mayBeBuiltin(words, process) else {
            var state = state
            markUnknown(&state, command.origin)
            end(state, isFailure: false)
            return [ShellFlow(state: state, status: .unknown)]
        }
        let executions = tracer.follow(words, process, command.origin, depth: depth + 1)
        return afterChild(
            executions, state, waits: !Self.returns(words), isChecked: command.isChecked)
    }

    /// Returns whether a name that is not the name of a program may be a builtin.
    ///
    /// The builtins of dash and bash are known. Those of busybox depend on its configuration.
    func mayBeBuiltin(_ words: [Argument], _ process: ProcessState) -> Bool {
        guard shell != "dash", shell != "bash", let name = words.first?.text, !name.contains("/")
        else { return false }
        return process.lookUp(name, in: tracer.rootFileSystem) == .missing
    }

    /// Sets variables.
    private func assign(
        _ assignments: [ShellCommand.Assignment], in state: inout ShellState, exports: Bool
    ) {
        for assignment in assignments {
            let value = assignment.value.flatMap { state.value(of: $0, substitute) }
            state.process.assign(assignment.name, value, exports: exports)
        }
    }

    /// Calls a function.
    private mutating func callFunction(
        at position: Int, with command: ExpandedCommand, in state: ShellState
    ) -> [ShellFlow] {
        guard nesting < Self.maximumNesting else {
            addUnknownEnding()
            return []
        }
        let outer = (returns, state.arguments, script)
        let body: ShellCommand
        (body, script) = functions[position]
        returns = []
        nesting += 1
        var inner = state
        inner.setArguments(command.arguments)
        let flows = evaluate(body, inner, isChecked: command.isChecked) + (returns ?? [])
        nesting -= 1
        (returns, script) = (outer.0, outer.2)
        return each(flows) { _, flow in
            var flow = flow
            flow.state.arguments = outer.1
            return [flow]
        }
    }

    /// The place of a command in messages.
    func origin(ofLine line: Int) -> StartedPrograms.Origin {
        script.map { .line($0, line) } ?? .shellText
    }

    // MARK: Programs

    /// Returns whether a program certainly ends by itself, in a short time.
    private static func returns(_ words: [Argument]) -> Bool {
        guard let text = words.first?.text else { return false }
        let name = String(decoding: LayerPath(text).name, as: UTF8.self)
        if name == "sleep" {
            return words.dropFirst().allSatisfy { $0.text.map { $0 != "infinity" } ?? false }
        }
        return endingPrograms.contains(name)
    }

    /// Programs that end by themselves.
    private static let endingPrograms: Set<String> = [
        "addgroup", "adduser", "arch", "awk", "base64", "basename", "cat", "chgrp", "chmod",
        "chown",
        "cp", "cut", "date", "dd", "df", "dirname", "dpkg", "du", "egrep", "envsubst", "expr",
        "find",
        "gawk", "getent", "getopt", "grep", "groupadd", "groupmod", "head", "hostname", "id",
        "install", "ip", "ldconfig", "ln", "locale-gen", "ls", "md5sum", "mkdir", "mkfifo",
        "mktemp",
        "mv", "nproc", "openssl", "printenv", "ps", "pwgen", "readlink", "realpath", "rm",
        "rmdir", "sed", "seq", "sha256sum", "sort", "stat", "stty", "sysctl", "tar", "touch", "tr",
        "uname", "uniq", "update-ca-certificates", "useradd", "usermod", "wc", "which", "whoami",
        "xargs",
    ]
}

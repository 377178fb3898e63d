// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

/// A script that is being followed, and its state at the beginning.
struct ActiveScript: Hashable {
    let path: LayerPath
    let state: ShellState
}

extension StartTracer {
    /// Follows a shell.
    ///
    /// - Parameters:
    ///   - path: The path of the shell's program.
    ///   - name: The name with which it is started, without a directory.
    ///   - command: The command that starts the shell.
    /// - Returns: The executions of the shell.
    func followShell(
        at path: LayerPath, named name: String, of command: StartedCommand
    ) -> [StartedPrograms.Execution] {
        let (arguments, process) = (command.arguments, command.process)
        let invocation = ShellInvocation(name, arguments)
        var state = ShellState(
            process: process, name: invocation.name, arguments: invocation.arguments)
        // The value that bash gives it.
        state.process.assign("BASH_SOURCE", invocation.name.text)
        state.exitsOnError = invocation.exitsOnError
        if invocation.isLoginShell { state.forget() }
        // bash and zsh read a file that a variable names before a script.
        if process["ENV"] != nil || process["BASH_ENV"] != nil { state.forget() }
        if invocation.isLoginShell || state.hasUnknownFunctions {
            state.arguments = invocation.arguments
        }
        switch invocation.source {
        case .input: return process.hasRedirectedInput ? unknown(command.origin) : Self.finished
        case .unknown:
            recordForeignPaths(arguments, .program(path))
            return unknown(.program(path))
        case .text(let text):
            var run = ShellRun(self, script: nil, shell: path, depth: command.depth)
            return run.follow(Array(text.utf8), isComplete: true, state)
        case .script(let script):
            return followShellScript(script, in: path, from: state, depth: command.depth)
        }
    }

    /// Follows a script that a shell reads.
    private func followShellScript(
        _ script: String, in shell: LayerPath, from state: ShellState, depth: Int
    ) -> [StartedPrograms.Execution] {
        let origin = StartedPrograms.Origin.program(shell)
        guard state.process.workingDirectory != nil || script.hasPrefix("/") else {
            return unknown(origin)
        }
        switch resolve(script, state.process) {
        case .found(.file(let file), let found):
            guard let text = file.text else { return unknown(.line(found, 1)) }
            // A script that starts itself again in the same state adds no other execution.
            guard activeScripts.insert(ActiveScript(path: found, state: state)).inserted else {
                return []
            }
            defer { activeScripts.remove(ActiveScript(path: found, state: state)) }
            var run = ShellRun(self, script: found, shell: shell, depth: depth)
            return run.follow(text.bytes, isComplete: text.isComplete, state)
        case .missing:
            // bash also searches a name in the search path.
            if !script.contains("/"),
                state.process.lookUp(script, in: rootFileSystem) != .missing
            {
                return unknown(origin)
            }
            return [required(record(.missing(script), at: origin))]
        case .found, .runtimeMount, .undetermined: return unknown(origin)
        }
    }

    /// Checks the script of an interpreter of another language, which must exist.
    func checkScript(
        of interpreter: ScriptInterpreter, at path: LayerPath, for command: StartedCommand
    ) -> [StartedPrograms.Execution] {
        let process = command.process
        let candidates = interpreter.candidates(in: command.arguments)
        guard let script = candidates.first,
            script.hasPrefix("/") || process.workingDirectory != nil
        else { return Self.finished }
        let origin = StartedPrograms.Origin.program(path)
        if case .found(.file(let file), let found) = resolve(script, process),
            case .elf = file.head, interpreter.rejectsBinaries
        {
            return [required(record(.notScript(found), at: origin))]
        }
        guard candidates.allSatisfy({ resolve($0, process) == .missing }) else {
            return Self.finished
        }
        return [required(record(.missing(script), at: origin))]
    }

    /// Returns the text of a script and its path; `nil` if the text is unknown.
    func text(
        ofScript name: String, _ process: ProcessState
    ) -> (start: FileStart, path: LayerPath)? {
        guard process.workingDirectory != nil || name.hasPrefix("/"),
            case .found(.file(let file), let path) = resolve(name, process), let start = file.text
        else { return nil }
        return (start, path)
    }

    private func resolve(_ name: String, _ process: ProcessState) -> RootFileSystem.Resolution {
        rootFileSystem.resolve(Array(name.utf8), in: process.workingDirectory ?? .root)
    }
}

extension LayerEntry.File {
    /// The first bytes of a shell script.
    fileprivate var text: FileStart? {
        if case .script(let start) = head, start.namesShell { start } else { nil }
    }
}

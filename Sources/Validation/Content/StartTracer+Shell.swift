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
    ///   - name: The name with which it is started.
    ///   - arguments: The arguments of the shell.
    ///   - process: The state that the shell inherits.
    ///   - depth: The nesting depth of started programs.
    /// - Returns: The executions of the shell.
    func followShell(
        _ path: LayerPath, named name: String, _ arguments: [Argument], _ process: ProcessState,
        _ depth: Int
    ) -> [StartedPrograms.Execution] {
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
        let shell = String(decoding: path.name, as: UTF8.self)
        switch invocation.source {
        case .input: return Self.finished
        case .unknown:
            recordForeignPaths(arguments, .program(path))
            return unknown(.program(path))
        case .text(let text):
            var run = ShellRun(self, script: nil, shell: shell, depth: depth)
            return run.follow(Array(text.utf8), isComplete: true, state)
        case .script(let script):
            return followScript(script, of: path, shell, state, depth)
        }
    }

    private func followScript(
        _ script: String, of path: LayerPath, _ shell: String, _ state: ShellState, _ depth: Int
    ) -> [StartedPrograms.Execution] {
        guard state.process.workingDirectory != nil || script.hasPrefix("/") else {
            return unknown(.program(path))
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
                ProgramLookup.program(script, in: rootFileSystem, for: state.process) != .missing
            {
                return unknown(.program(path))
            }
            return [
                StartedPrograms.Execution(required: [record(.missing(script), .program(path))])
            ]
        case .found, .runtimeMount, .undetermined: return unknown(.program(path))
        }
    }

    /// Follows the interpreter of another language, whose script must exist.
    func followScript(
        of interpreter: ScriptInterpreter, _ path: LayerPath, _ arguments: [Argument],
        _ process: ProcessState
    ) -> [StartedPrograms.Execution] {
        let candidates = interpreter.candidates(in: arguments)
        guard let script = candidates.first,
            script.hasPrefix("/") || process.workingDirectory != nil
        else { return Self.finished }
        let origin = StartedPrograms.Origin.program(path)
        if case .found(.file(let file), let found) = resolve(script, process),
            case .elf = file.head, interpreter.rejectsBinaries
        {
            return [required(record(.notScript(found), origin))]
        }
        guard candidates.allSatisfy({ resolve($0, process) == .missing }) else {
            return Self.finished
        }
        return [required(record(.missing(script), origin))]
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

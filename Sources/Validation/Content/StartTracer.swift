// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// A command that is followed, with what it inherits from the program that starts it.
struct StartedCommand {
    /// The name with which the program is started, which need not be its path.
    var name: String
    /// The arguments after the name.
    var arguments: [Argument]
    /// The state that the program inherits.
    let process: ProcessState
    /// The place that names the program.
    let origin: StartedPrograms.Origin
    /// The number of programs that start each other up to this one.
    var depth: Int
}

/// Follows the entrypoint of an image through wrappers, interpreters and shells.
final class StartTracer {
    let rootFileSystem: RootFileSystem
    /// The platform's CPU architecture; `nil` if it is unknown.
    let architecture: CPUArchitecture?
    private(set) var starts: [StartedPrograms.Start] = []
    /// The positions of starts that fail.
    private(set) var failing: Set<Int> = []
    /// The positions of starts after whose failure a script goes on with an alternative.
    var handled: Set<Int> = []
    /// A Boolean value that indicates whether an emulator or a question for the CPU architecture
    /// was found, so that programs for several architectures are normal.
    var expectsForeignPrograms = false
    /// A Boolean value that indicates whether the output of a command is unknown.
    var hasUnknownOutput = false
    /// A Boolean value that indicates whether every script is understood.
    private(set) var isUnderstood = true
    private var unfollowed: StartedPrograms.Origin?
    /// The number of scripts that interpret each other.
    private var interpreterDepth = 0
    /// The first script that was followed.
    private(set) var firstScript: LayerPath?
    /// The scripts that are being followed.
    var activeScripts: Set<ActiveScript> = []
    /// The number of shell commands that contain the current one.
    var nesting = 0
    private var positions: [StartedPrograms.Start: Int] = [:]
    private var steps = 0

    /// The maximum number of programs that start each other.
    private static let maximumDepth = 16
    /// The maximum number of scripts that interpret each other.
    ///
    /// Source: Linux, fs/exec.c, `exec_binprm`.
    private static let maximumInterpreterDepth = 5
    /// The maximum depth at which the words after a script are followed.
    private static let maximumUncertainDepth = 4
    /// The maximum number of commands that are followed.
    private static let maximumSteps = 20_000

    init(_ rootFileSystem: RootFileSystem, _ architecture: CPUArchitecture?) {
        self.rootFileSystem = rootFileSystem
        self.architecture = architecture
    }

    /// Returns the result of following programs.
    func startedPrograms(_ executions: [StartedPrograms.Execution]) -> StartedPrograms {
        StartedPrograms(
            starts: starts, executions: executions, failing: failing,
            expectsForeignPrograms: expectsForeignPrograms, handled: handled,
            unfollowed: executions.contains(where: \.isUnknown) ? unfollowed : nil)
    }

    /// The execution of a program that starts no other.
    static let finished = [StartedPrograms.Execution()]

    /// Returns the execution of a command that is not followed.
    func unknown(_ origin: StartedPrograms.Origin) -> [StartedPrograms.Execution] {
        recordUnfollowed(at: origin)
        return [StartedPrograms.Execution(isUnknown: true)]
    }

    /// Records the first position at which the analysis stops.
    func recordUnfollowed(at origin: StartedPrograms.Origin) {
        isUnderstood = false
        unfollowed = unfollowed ?? origin
    }

    /// Counts a step, and one more for every 4 KiB of its state.
    ///
    /// - Returns: Whether the limit is not reached.
    func takeStep(stateByteCount: Int = 0) -> Bool {
        steps += 1 + stateByteCount / 4096
        return steps <= Self.maximumSteps
    }

    /// Records a start; returns its position.
    @discardableResult
    func record(
        _ subject: StartedPrograms.Subject, at origin: StartedPrograms.Origin,
        libraryPath: ProcessState.LibraryPath = .unset
    ) -> Int {
        let start = StartedPrograms.Start(
            subject: subject, origin: origin, libraryPath: libraryPath)
        if let position = positions[start] { return position }
        let position = starts.count
        starts.append(start)
        positions[start] = position
        switch subject {
        case .program(_, let header) where isForeign(header): failing.insert(position)
        case .missing, .notExecutable, .notScript, .carriageReturn, .interpreterLoop:
            failing.insert(position)
        case .program, .unknownFormat: break
        }
        return position
    }

    /// Returns whether no processor of the platform runs a program.
    func isForeign(_ header: ELFHeader) -> Bool {
        architecture.map { $0.compatibility(with: CPUArchitecture(header)) == .never } ?? false
    }

    // MARK: Following programs

    /// Follows a command line.
    ///
    /// - Parameters:
    ///   - words: The program and its arguments.
    ///   - process: The state that the program inherits.
    ///   - origin: The place that names the program.
    ///   - depth: The nesting depth of started programs.
    /// - Returns: The executions of the program.
    func follow(
        _ words: [Argument], _ process: ProcessState, _ origin: StartedPrograms.Origin,
        depth: Int = 0
    ) -> [StartedPrograms.Execution] {
        guard takeStep(), let first = words.first, first.isSingle, let name = first.text else {
            return unknown(origin)
        }
        let command = StartedCommand(
            name: name, arguments: Array(words.dropFirst()), process: process, origin: origin,
            depth: depth)
        return follow(command, found: process.lookUp(name, in: rootFileSystem))
    }

    private func follow(
        _ command: StartedCommand, found result: RootFileSystem.FoundProgram
    ) -> [StartedPrograms.Execution] {
        let origin = command.origin
        guard command.depth < Self.maximumDepth else { return unknown(origin) }
        switch result {
        case .runtimeMount: return Self.finished
        case .undetermined: return unknown(origin)
        case .missing: return [required(record(.missing(command.name), at: origin))]
        case .notExecutable(let path): return [required(record(.notExecutable(path), at: origin))]
        case .program(.data, let path), .program(.configuration, let path):
            // Shells and execvp(3) pass a file of an unknown format to a shell; a kernel rejects it.
            guard origin == .config else { return unknown(origin) }
            return [required(record(.unknownFormat(path), at: origin))]
        case .program(.script(let start), let path):
            return followInterpreter(of: path, start: start, for: command)
        case .program(.elf(let header), let path):
            guard header.kind == .executable || header.kind == .shared else {
                return [required(record(.unknownFormat(path), at: origin))]
            }
            let libraryPath = command.process.libraryPath
            var execution = required(
                record(.program(path, header), at: origin, libraryPath: libraryPath))
            if let loader = header.loader, !isForeign(header), let start = start(of: loader, path) {
                execution.required.insert(start)
            }
            guard execution.required.isDisjoint(with: failing) else { return [execution] }
            // The interpreters of a program that this one starts are counted from the beginning.
            let interpreters = interpreterDepth
            interpreterDepth = 0
            defer { interpreterDepth = interpreters }
            return followWrapper(at: path, of: command).map { execution.merging($0) }
        }
    }

    func required(_ position: Int) -> StartedPrograms.Execution {
        StartedPrograms.Execution(required: [position])
    }

    /// Records the loader of a program, which the kernel requires to be executable.
    private func start(of loader: [UInt8], _ program: LayerPath) -> Int? {
        let origin = StartedPrograms.Origin.program(program)
        switch rootFileSystem.program(at: loader) {
        case .program(.elf(let header), let path): return record(.program(path, header), at: origin)
        case .program(_, let path): return record(.unknownFormat(path), at: origin)
        case .notExecutable(let path): return record(.notExecutable(path), at: origin)
        case .missing:
            return record(.missing(String(decoding: loader, as: UTF8.self)), at: origin)
        case .runtimeMount, .undetermined: return nil
        }
    }

    /// Follows the interpreter in the first line of a script, which a kernel splits into a program
    /// and one argument.
    ///
    /// Source: Linux, execve(2) § Interpreter scripts.
    private func followInterpreter(
        of script: LayerPath, start: FileStart, for command: StartedCommand
    ) -> [StartedPrograms.Execution] {
        let origin = command.origin
        guard interpreterDepth < Self.maximumInterpreterDepth else {
            return [required(record(.interpreterLoop(script), at: origin))]
        }
        let line = start.interpreterLine
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let text = line.drop(while: isBlank)
        let interpreter = Array(text.prefix { !isBlank($0) })
        guard !interpreter.isEmpty else {
            return [required(record(.unknownFormat(script), at: origin))]
        }
        var option = text.dropFirst(interpreter.count).drop(while: isBlank)
        while option.last.map(isBlank) == true { option.removeLast() }
        // The kernel passes the path with which the script was found.
        let path = command.name.contains("/") ? command.name : script.description
        let options = option.isEmpty ? [] : [Argument(String(decoding: option, as: UTF8.self))]
        let process = command.process
        let started = StartedCommand(
            name: String(decoding: interpreter, as: UTF8.self),
            arguments: options + [Argument(path)] + command.arguments, process: process,
            origin: .program(script), depth: command.depth + 1)
        firstScript = firstScript ?? script
        let result =
            interpreter.first == UInt8(ascii: "/") || process.workingDirectory != nil
            ? rootFileSystem.program(at: interpreter, in: process.workingDirectory ?? .root)
            : .undetermined
        interpreterDepth += 1
        let executions = follow(started, found: result)
        interpreterDepth -= 1
        if !start.namesShell {
            isUnderstood = false
            recordNamedPrograms(in: start.bytes) { .line(script, $0) }
        }
        if !isUnderstood {
            followUncertainly(command.arguments, process, after: script, depth: command.depth)
        }
        // A shell rejects an option that ends in a carriage return.
        let isShell = LayerPath(interpreter).name.suffix(2).elementsEqual("sh".utf8)
        guard line.last == 0x0D,
            isShell && !option.isEmpty
                || executions.allSatisfy({ !$0.required.isDisjoint(with: failing) })
        else { return executions }
        return [required(record(.carriageReturn(script), at: origin))]
    }

    /// Follows what a program starts that is a wrapper, a shell or an interpreter.
    private func followWrapper(
        at path: LayerPath, of command: StartedCommand
    ) -> [StartedPrograms.Execution] {
        let name = String(decoding: LayerPath(command.name).name, as: UTF8.self)
        let arguments = command.arguments
        if let interpreter = ScriptInterpreter(name) {
            return checkScript(of: interpreter, at: path, for: command)
        }
        guard let wrapper = ExecWrapper(name) else {
            if !Self.dataReaders.contains(name) { recordForeignPaths(arguments, .program(path)) }
            return Self.finished
        }
        switch wrapper {
        case .emulator:
            expectsForeignPrograms = true
            return Self.finished
        case .shell: return followShell(at: path, named: name, of: command)
        case .command, .environment, .changeRoot, .multiCall: break
        }
        guard let wrapped = wrapper.command(in: arguments, of: command.process),
            !wrapped.words.isEmpty
        else {
            recordForeignPaths(arguments, .program(path))
            return Self.finished
        }
        if case .multiCall = wrapper {
            return followApplet(wrapped.words, at: path, of: command)
        }
        let executions = follow(
            wrapped.words, wrapped.process, .program(path), depth: command.depth + 1)
        return wrapped.isCertain ? executions : unknown(.program(path))
    }

    /// Follows an applet of a multi-call program, which looks for no file of that name.
    private func followApplet(
        _ words: [Argument], at path: LayerPath, of command: StartedCommand
    ) -> [StartedPrograms.Execution] {
        guard command.depth < Self.maximumDepth, let name = words.first?.text,
            ExecWrapper(name) != nil
        else { return Self.finished }
        var applet = command
        applet.name = name
        applet.arguments = Array(words.dropFirst())
        applet.depth += 1
        return followWrapper(at: path, of: applet)
    }

    /// Programs that read files, which need not be programs for the platform.
    private static let dataReaders: Set<String> = ["cat", "cp", "ls", "test"]

    // MARK: Uncertain starts

    /// Records what the words after a script start, if the script starts them.
    func followUncertainly(
        _ words: [Argument], _ process: ProcessState, after script: LayerPath, depth: Int
    ) {
        guard !words.isEmpty, depth <= Self.maximumUncertainDepth else { return }
        _ = follow(words, process, .program(script), depth: depth + 1)
        recordForeignPaths(Array(words.dropFirst()), .program(script))
    }

    /// Records the programs for other CPU architectures that words name by their absolute paths.
    func recordForeignPaths(_ words: [Argument], _ origin: StartedPrograms.Origin) {
        for word in words.prefix(64) {
            guard let text = word.text, text.hasPrefix("/") else { continue }
            recordIfForeign(text, origin)
        }
    }

    /// Records a program for another CPU architecture that a path names.
    func recordIfForeign(_ path: String, _ origin: StartedPrograms.Origin) {
        guard takeStep(),
            case .program(.elf(let header), let path) = rootFileSystem.program(
                at: Array(path.utf8)),
            header.kind == .executable || header.kind == .shared, isForeign(header)
        else { return }
        record(.program(path, header), at: origin)
    }

    /// Returns the absolute path in a word, which may follow an operator as in `NAME:-/app/server`.
    private static func absolutePath(in word: String) -> String? {
        guard let start = word.firstIndex(of: "/") else { return nil }
        guard start > word.startIndex else { return word }
        let previous = word[word.index(before: start)]
        let isRelative = previous.isLetter || previous.isNumber || "._~".contains(previous)
        return isRelative ? nil : String(word[start...])
    }

    /// Records the programs for other CPU architectures that a text names anywhere by their
    /// absolute paths, and emulators.
    func recordNamedPrograms(in text: [UInt8], _ origin: (Int) -> StartedPrograms.Origin) {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        let asks = ShellRun.asksForArchitecture(String(decoding: text, as: UTF8.self))
        for (number, line) in lines.enumerated() {
            let line = line.drop { $0 == 0x20 || $0 == 0x09 }
            guard line.first != UInt8(ascii: "#") else { continue }
            for word in line.split(whereSeparator: { " \t\r\"'`;&|<>(){}=$,".utf8.contains($0) }) {
                let text = String(decoding: word, as: UTF8.self)
                let name = text.split(separator: "/").last ?? ""
                if ExecWrapper.isEmulator(name) { expectsForeignPrograms = true }
                if !asks, let path = Self.absolutePath(in: text) {
                    recordIfForeign(path, origin(number + 1))
                }
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Everything that has to run for a container to start: the program, the interpreter of a script,
/// what a wrapper starts in turn, the loaders.
struct EntrypointResolver {
    /// A program for a machine, on the way.
    struct Program: Hashable {
        let path: LayerPath
        let header: ELFHeader
        /// What asked for it, where that was not the configuration.
        let asker: LayerPath?
    }

    /// Why nothing would start, or why it cannot be told.
    enum Obstacle: Hashable {
        case missing(String, asker: LayerPath?)
        case notExecutable(LayerPath, asker: LayerPath?)
        /// A shell would be asked for a command that is not there.
        case unknownCommand(String)
        /// Neither a program nor a script.
        case noProgram(LayerPath)
    }

    private(set) var programs: [Program] = []
    private(set) var obstacles: [Obstacle] = []

    private let lookup: ProgramLookup
    private var steps = 0
    private var hasScript = false

    /// How many programs may start each other; a kernel stops after five scripts.
    private static let maximumSteps = 16

    /// Follows what a configuration says is started; nothing where it leaves that to the user.
    init(_ config: ImageConfig, in view: RootFileSystem) {
        lookup = ProgramLookup(view, config)
        follow(config.entrypoint + config.command, asker: nil)
        // A script as the entrypoint usually ends in `exec "$@"`; where it does not, its first
        // argument is no program.
        guard hasScript, let command = config.command.first, !config.entrypoint.isEmpty,
            case .program = lookup.program(command)
        else { return }
        follow(config.command, asker: nil)
    }

    private mutating func follow(_ words: [String], asker: LayerPath?) {
        guard let word = words.first else { return }
        take(lookup.program(word), named: word, Array(words.dropFirst()), asker)
    }

    private mutating func take(
        _ answer: ProgramLookup.Answer, named name: String, _ arguments: [String],
        _ asker: LayerPath?
    ) {
        steps += 1
        guard steps <= Self.maximumSteps else { return }
        switch answer {
        case .unknowable, .open: break
        case .missing: obstacles.append(.missing(name, asker: asker))
        case .notExecutable(let path): obstacles.append(.notExecutable(path, asker: asker))
        case .program(.data, let path): obstacles.append(.noProgram(path))
        case .program(.elf(let header), let path):
            add(Program(path: path, header: header, asker: asker))
            followWrapper(String(decoding: LayerPath(name).name, as: UTF8.self), arguments, path)
        case .program(.script(let line), let path):
            hasScript = true
            followInterpreter(line, of: path, name, arguments)
        }
    }

    /// Notes a program, and the loader that it asks for.
    private mutating func add(_ program: Program) {
        guard program.header.kind == .executable || program.header.kind == .shared else {
            obstacles.append(.noProgram(program.path))
            return
        }
        guard !programs.contains(where: { $0.path == program.path }) else { return }
        programs.append(program)
        guard let loader = program.header.loader else { return }
        switch lookup.program(at: loader) {
        case .program(.elf(let header), let path):
            programs.append(Program(path: path, header: header, asker: program.path))
        case .program(_, let path): obstacles.append(.noProgram(path))
        // A kernel starts it all the same if it can be executed, and says so if not.
        case .notExecutable(let path):
            obstacles.append(.notExecutable(path, asker: program.path))
        case .missing:
            obstacles.append(
                .missing(String(decoding: loader, as: UTF8.self), asker: program.path))
        case .unknowable, .open: break
        }
    }

    /// Follows the first line of a script, of which a kernel makes a program and one argument.
    ///
    /// Source: Linux, execve(2) § Interpreter scripts.
    private mutating func followInterpreter(
        _ line: [UInt8], of script: LayerPath, _ name: String, _ arguments: [String]
    ) {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let text = line.drop(while: isBlank)
        let interpreter = Array(text.prefix { !isBlank($0) })
        guard !interpreter.isEmpty else {
            obstacles.append(.noProgram(script))
            return
        }
        var option = text.dropFirst(interpreter.count).drop(while: isBlank)
        while option.last.map(isBlank) == true { option.removeLast() }
        let words = option.isEmpty ? [] : [String(decoding: option, as: UTF8.self)]
        take(
            lookup.program(at: interpreter), named: String(decoding: interpreter, as: UTF8.self),
            words + [name] + arguments, script)
    }

    /// Follows what a program that starts another one is told to start.
    private mutating func followWrapper(
        _ name: String, _ arguments: [String], _ path: LayerPath
    ) {
        switch ExecWrapper(name)?.command(in: arguments) {
        case .words(let words): follow(words, asker: path)
        case .shellText(let text):
            guard let word = ShellText(text).firstCommand else { return }
            switch lookup.program(word) {
            case .missing: obstacles.append(.unknownCommand(word))
            case let answer: take(answer, named: word, [], path)
            }
        case nil: break
        }
    }
}

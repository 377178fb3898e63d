// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Resolves everything that has to run for a container to start: the program, the interpreter of a
/// script, the command of a wrapper, and the loaders.
struct EntrypointResolver {
    /// An ELF program that is started.
    struct Program: Hashable {
        let path: LayerPath
        let header: ELFHeader
        /// The program or script that requires it; `nil` if the config names it.
        let dependent: LayerPath?
    }

    /// A reason why the container does not start, or why that cannot be determined.
    enum Obstacle: Hashable {
        case missing(String, dependent: LayerPath?)
        case notExecutable(LayerPath, dependent: LayerPath?)
        /// The command of a shell was not found.
        case unknownCommand(String)
        /// A file that is neither an ELF program nor a script.
        case unknownFormat(LayerPath)
    }

    private(set) var programs: [Program] = []
    private(set) var obstacles: [Obstacle] = []

    private let lookup: ProgramLookup
    private var steps = 0
    private var hasScript = false

    /// The maximum number of programs that start each other.
    ///
    /// A kernel stops after five scripts.
    private static let maximumSteps = 16

    /// Resolves the entrypoint and command of a config; nothing if it has neither.
    init(_ config: ImageConfig, in rootFileSystem: RootFileSystem) {
        lookup = ProgramLookup(rootFileSystem, config)
        follow(config.entrypoint + config.command, dependent: nil)
        // A script as the entrypoint usually ends in `exec "$@"`. If it does not, the first word of
        // the command is not a program.
        guard hasScript, let command = config.command.first, !config.entrypoint.isEmpty,
            case .program = lookup.program(command)
        else { return }
        follow(config.command, dependent: nil)
    }

    private mutating func follow(_ words: [String], dependent: LayerPath?) {
        guard let word = words.first else { return }
        take(lookup.program(word), named: word, Array(words.dropFirst()), dependent)
    }

    private mutating func take(
        _ result: ProgramLookup.Result, named name: String, _ arguments: [String],
        _ dependent: LayerPath?
    ) {
        steps += 1
        guard steps <= Self.maximumSteps else { return }
        switch result {
        case .runtimeMount, .undetermined: break
        case .missing: obstacles.append(.missing(name, dependent: dependent))
        case .notExecutable(let path): obstacles.append(.notExecutable(path, dependent: dependent))
        case .program(.data, let path), .program(.loaderConfiguration, let path):
            obstacles.append(.unknownFormat(path))
        case .program(.elf(let header), let path):
            add(Program(path: path, header: header, dependent: dependent))
            followWrapper(String(decoding: LayerPath(name).name, as: UTF8.self), arguments, path)
        case .program(.script(let start), let path):
            hasScript = true
            followInterpreter(start.interpreterLine, of: path, name, arguments)
        }
    }

    /// Adds a program, and the loader that it requires.
    private mutating func add(_ program: Program) {
        guard program.header.kind == .executable || program.header.kind == .shared else {
            obstacles.append(.unknownFormat(program.path))
            return
        }
        guard !programs.contains(where: { $0.path == program.path }) else { return }
        programs.append(program)
        guard let loader = program.header.loader else { return }
        switch lookup.program(at: loader) {
        case .program(.elf(let header), let path):
            programs.append(Program(path: path, header: header, dependent: program.path))
        case .program(_, let path): obstacles.append(.unknownFormat(path))
        // The kernel requires the loader to be executable.
        case .notExecutable(let path):
            obstacles.append(.notExecutable(path, dependent: program.path))
        case .missing:
            obstacles.append(
                .missing(String(decoding: loader, as: UTF8.self), dependent: program.path))
        case .runtimeMount, .undetermined: break
        }
    }

    /// Follows the first line of a script, which a kernel splits into a program and one argument.
    ///
    /// Source: Linux, execve(2) § Interpreter scripts.
    private mutating func followInterpreter(
        _ line: [UInt8], of script: LayerPath, _ name: String, _ arguments: [String]
    ) {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        let text = line.drop(while: isBlank)
        let interpreter = Array(text.prefix { !isBlank($0) })
        guard !interpreter.isEmpty else {
            obstacles.append(.unknownFormat(script))
            return
        }
        var option = text.dropFirst(interpreter.count).drop(while: isBlank)
        while option.last.map(isBlank) == true { option.removeLast() }
        let words = option.isEmpty ? [] : [String(decoding: option, as: UTF8.self)]
        take(
            lookup.program(at: interpreter), named: String(decoding: interpreter, as: UTF8.self),
            words + [name] + arguments, script)
    }

    /// Follows the command of a wrapper.
    private mutating func followWrapper(
        _ name: String, _ arguments: [String], _ path: LayerPath
    ) {
        switch ExecWrapper(name)?.command(in: arguments) {
        case .words(let words): follow(words, dependent: path)
        case .shellText(let text):
            guard let word = ShellText(text).firstCommand else { return }
            switch lookup.program(word) {
            case .missing: obstacles.append(.unknownCommand(word))
            case let result: take(result, named: word, [], path)
            }
        case nil: break
        }
    }
}

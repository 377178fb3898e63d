// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// The programs that a container certainly or possibly starts, traced from its entrypoint.
///
/// Where validation cannot decide how a script continues, it follows each possibility. A program
/// is therefore known to be started only if every execution starts it.
struct StartedPrograms {
    /// The place that names a program.
    enum Origin: Hashable {
        /// The entrypoint or the command of the config.
        case config
        /// A program or script that requires it.
        case program(LayerPath)
        /// A line of a script.
        case line(LayerPath, Int)
        /// The text of a shell's option `-c`.
        case shellText
    }

    /// A file that is started, or that cannot be.
    enum Subject: Hashable {
        case program(LayerPath, ELFHeader)
        case missing(String)
        case notExecutable(LayerPath)
        /// A file that is neither an ELF program nor a script.
        case unknownFormat(LayerPath)
        /// A binary that an interpreter runs as a script.
        case notScript(LayerPath)
        /// A script whose first line ends in a carriage return.
        case carriageReturn(LayerPath)
        /// A script whose interpreters are scripts without end.
        case interpreterLoop(LayerPath)
    }

    /// An attempt to start a file.
    struct Start: Hashable {
        let subject: Subject
        let origin: Origin
        var libraryPath = ProcessState.LibraryPath.unset
    }

    /// The starts of one possible execution of all scripts, by their positions in ``starts``.
    struct Execution: Hashable {
        /// The starts without which the container does not run.
        var required: Set<Int> = []
        /// Failed starts after which it goes on.
        var reached: Set<Int> = []
        /// A Boolean value that indicates whether the execution continues beyond what is understood.
        var isUnknown = false

        /// Returns an execution with the starts of both.
        func merging(_ other: Execution) -> Execution {
            Execution(
                required: required.union(other.required), reached: reached.union(other.reached),
                isUnknown: isUnknown || other.isUnknown)
        }
    }

    /// All starts, in the order in which they were found.
    let starts: [Start]
    /// The possible executions of all scripts.
    let executions: [Execution]
    /// The positions of starts of files that are missing or for another CPU architecture.
    let failing: Set<Int>
    /// A Boolean value that indicates whether programs for other CPU architectures are normal,
    /// because an emulator starts them or a script selects one.
    let expectsForeignPrograms: Bool
    /// The positions of starts after whose failure a script goes on with an alternative.
    let handled: Set<Int>
    /// The first position at which an execution continues beyond what is understood.
    let unfollowed: Origin?

    /// The certainty of each start that fails, or `nil` if a failure would be normal.
    ///
    /// - Parameter failing: The positions of starts that fail.
    /// - Returns: The certainties by position.
    func certainties(of failing: Set<Int>) -> [Int: Finding.Certainty] {
        let neverRuns =
            !executions.isEmpty && executions.allSatisfy { !$0.required.isDisjoint(with: failing) }
        let required = executions.reduce(into: Set<Int>()) { $0.formUnion($1.required) }
        return Dictionary(
            uniqueKeysWithValues: failing.map { position in
                (position, neverRuns && required.contains(position) ? .certain : .likely)
            })
    }

    /// Returns whether every execution reaches a start.
    func isAlwaysReached(_ position: Int) -> Bool {
        executions.allSatisfy { $0.required.contains(position) || $0.reached.contains(position) }
    }

    /// Returns whether the container does not run without a start.
    func isAlwaysRequired(_ position: Int) -> Bool {
        !executions.isEmpty && executions.allSatisfy { $0.required.contains(position) }
    }
}

extension StartedPrograms {
    /// An ELF program that is started.
    struct Program: Hashable {
        let path: LayerPath
        let header: ELFHeader
        /// The directories that the environment adds to the search path of libraries.
        let libraryPath: ProcessState.LibraryPath
        /// A Boolean value that indicates whether the container does not run without it.
        let isRequired: Bool
        /// A Boolean value that indicates whether a script goes on with an alternative if it fails.
        let isHandled: Bool
    }

    /// The ELF programs, each once for each place that names it.
    var programs: [Program] {
        starts.enumerated().compactMap { position, start in
            guard case .program(let path, let header) = start.subject else { return nil }
            return Program(
                path: path, header: header, libraryPath: start.libraryPath,
                isRequired: isAlwaysRequired(position), isHandled: handled.contains(position))
        }
    }
}

extension StartedPrograms {
    /// Traces everything that has to run for a container to start: the entrypoint and the command of
    /// its config, the interpreter of a script, the command of a wrapper, the commands of shell
    /// scripts, and the loaders.
    ///
    /// There are no starts if the config has neither an entrypoint nor a command.
    init(
        of config: ImageConfig, in rootFileSystem: RootFileSystem,
        for architecture: CPUArchitecture?
    ) {
        let tracer = StartTracer(rootFileSystem, architecture)
        let process = ProcessState(config)
        let words = (config.entrypoint + config.command).map { Argument($0) }
        let executions = words.isEmpty ? [] : tracer.follow(words, process, .config)
        // A script as the entrypoint usually ends in `exec "$@"`.
        if let script = tracer.firstScript, !tracer.isUnderstood, !config.entrypoint.isEmpty {
            tracer.followUncertainly(
                config.command.map { Argument($0) }, process, after: script, depth: 0)
        }
        self = tracer.startedPrograms(executions)
    }
}

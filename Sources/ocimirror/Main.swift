// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Glibc
internal import LayerScanning

/// The entry point of the program.
@main
enum Main {
    /// Runs the command, while this thread waits for signals.
    ///
    /// The first signal cancels the run, which then writes its lock files and reports. A second
    /// signal, or the end of the grace period, terminates the process at once.
    static func main() {
        guard !CommandLine.arguments.isEmpty else { exitWithoutProc() }
        let words = Array(CommandLine.arguments.dropFirst())
        if let scan = ScanWorker(words) { exit(scan.run()) }
        CurrentProcess.openClosedStreams()
        SignalHandling.setActions()
        let signals = SignalHandling.blockTerminationSignals()
        let environment = CurrentProcess.environment()
        let interruption = Interruption()
        let command = Task.detached {
            CurrentProcess.exit(
                with: await run(words, environment: environment, interruption: interruption)
                    .rawValue)
        }
        interruption.onInterruption { command.cancel() }
        let first = SignalHandling.wait(for: signals)
        // Both can be pending, for example after a stop.
        if let second = SignalHandling.wait(for: signals, timeout: .zero) {
            CurrentProcess.exit(with: second)
        }
        // On another thread, because writing to standard error can block, and this thread must not.
        Task.detached { interruption.happened(by: .signal(first)) }
        guard let second = SignalHandling.wait(for: signals, timeout: Interruption.grace) else {
            if StandardStream.error.isWritable {
                Console(environment: environment)
                    .error("did not finish in time after the interruption; aborted")
            }
            CurrentProcess.exit(with: first)
        }
        CurrentProcess.exit(with: second)
    }

    /// Exits with a message: Swift reads the command line, and the scan worker its program, from
    /// `/proc`.
    private static func exitWithoutProc() -> Never {
        Console(environment: CurrentProcess.environment())
            .error("cannot read the command line: /proc is not mounted", hint: "mount /proc")
        CurrentProcess.exit(with: ExitCode.failure.rawValue)
    }

    private static func run(
        _ words: [String], environment: [String: String], interruption: Interruption
    ) async -> ExitCode {
        var console = Console(environment: environment)
        let code: ExitCode
        do {
            code = try await run(words, &console, environment, interruption)
        } catch is CancellationError {
            code = interruption.cause?.exitCode ?? .interrupted
        } catch {
            code = ErrorReport(error).show(on: console)
        }
        guard let failure = console.screen.outputError else { return code }
        console.error("cannot write to standard output: \(FileError.Cause.system(failure))")
        return .combining([code, .failure])
    }

    private static func run(
        _ words: [String], _ console: inout Console, _ environment: [String: String],
        _ interruption: Interruption
    ) async throws -> ExitCode {
        switch try Program.tree.parse(words, environment: environment) {
        case .version:
            console.result("ocimirror \(Program.version)\n")
            return .success
        case .help(let path):
            console.result(Program.tree.help(for: path, width: min(console.width, 100)))
            return .success
        case .shortHelp(let path):
            console.result(
                Program.tree.shortHelp(for: path, width: min(console.width, 100)))
            return .success
        case .run(let command):
            if let options = (command as? any ConfiguredCommand)?.options {
                console.volume = options.volume
                console.format = options.logFormat
            }
            let context = ProgramContext(
                console: console, environment: environment,
                currentDirectory: CurrentProcess.currentDirectory(), interruption: interruption)
            return try await interruption.announced(on: console) {
                try await command.run(in: context)
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Glibc
internal import LayerArchive

/// Where the program begins: words and environment in, exit code out.
@main
enum Main {
    /// Runs the command, while this thread waits for somebody to interrupt it.
    ///
    /// The first signal cancels the run: what is finished is written down and reported. The second
    /// one ends the process at once.
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        if let scan = ScanMode(words) { exit(scan.run()) }
        System.ignoreWriteSignals()
        let signals = System.blockEndingSignals()
        let environment = System.environment()
        let interruption = Interruption()
        let command = Task.detached {
            System.leave(with: await run(words, environment, interruption).rawValue)
        }
        interruption.happened(by: System.wait(for: signals))
        command.cancel()
        System.endAtOnce(by: System.wait(for: signals))
    }

    private static func run(
        _ words: [String], _ environment: [String: String], _ interruption: Interruption
    ) async -> ExitCode {
        var console = Console(environment: environment)
        do {
            switch try Program.tree.parse(words, environment: environment) {
            case .version:
                console.result("ocimirror \(Program.version)\n")
                return .success
            case .help(let path):
                console.result(Program.tree.help(for: path, width: min(console.width, 100)))
                return .success
            case .run(let command):
                if let options = (command as? any ConfiguredCommand)?.options {
                    console.volume = options.volume
                }
                let context = ProgramContext(
                    console: console, environment: environment,
                    currentDirectory: System.currentDirectory(), interruption: interruption)
                return try await interruption.announced(on: console) {
                    try await command.run(in: context)
                }
            }
        } catch is CancellationError {
            return interruption.exitCode
        } catch {
            return ErrorReport(error).show(on: console)
        }
    }
}

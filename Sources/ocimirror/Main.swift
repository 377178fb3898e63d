// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Glibc
internal import Synchronization

/// Where the program begins: words and environment in, exit code out.
@main
enum Main {
    /// The first signal that asked the program to end.
    private static let interruption = Mutex<System.Interruption?>(nil)

    /// Works on other threads, and waits on this one for signals: the first one cancels the work, so
    /// that it ends in order; the second one ends the process.
    ///
    /// An asynchronous `main` would leave this thread to libdispatch, which lets every signal in.
    static func main() {
        System.ignoreWriteSignals()
        System.holdInterruptions()
        // Detached, as `main` is of the main actor, whose thread does nothing but wait below.
        let work = Task.detached {
            let code = await run(
                Array(CommandLine.arguments.dropFirst()), environment: System.environment())
            let signal = code == .interrupted ? interruption.withLock { $0 } : nil
            exit(signal?.exitCode ?? code.rawValue)
        }
        let first = System.nextInterruption()
        interruption.withLock { $0 = first }
        work.cancel()
        _exit(System.nextInterruption().exitCode)
    }

    private static func run(
        _ words: [String], environment: [String: String]
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
                    currentDirectory: System.currentDirectory())
                return try await command.run(in: context)
            }
        } catch {
            return ErrorReport(error).show(on: console)
        }
    }
}

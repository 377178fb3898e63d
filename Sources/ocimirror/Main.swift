// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Glibc

/// Where the program begins: words and environment in, exit code out.
@main
enum Main {
    static func main() async {
        System.ignoreWriteSignals()
        let code = await run(
            Array(CommandLine.arguments.dropFirst()), environment: System.environment())
        exit(code.rawValue)
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

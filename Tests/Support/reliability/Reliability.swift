// SPDX-License-Identifier: Apache-2.0

import Glibc
import LayerScanning
import RegistryTestSupport

/// `reliability HARNESS [OPTIONS]`: runs the reference mirror with faults and checks the invariants.
///
/// It exits with 1 after a violation, and prints the command that replays it.
@main
struct Reliability {
    private static let usage = [
        "usage: reliability sweep [--every N] [--only TEXT] [--workers N]",
        "       reliability random [--first SEED] [--count N] [--workers N]",
        "       reliability soak [--minutes N] [--first SEED] [--workers N]",
        "       reliability crash --program FILE --library FILE [--every N] [--only TEXT] [--times N] [--pairs N] [--workers N]",
    ]

    private static let optionNames: [String: Set<String>] = [
        "sweep": ["--every", "--only", "--workers"],
        "random": ["--first", "--count", "--workers"],
        "soak": ["--minutes", "--first", "--workers"],
        "crash": [
            "--program", "--library", "--every", "--only", "--times", "--pairs", "--workers",
        ],
    ]

    static func main() async {
        if let worker = ScanWorker(Array(CommandLine.arguments.dropFirst())) { exit(worker.run()) }
        signal(SIGPIPE, SIG_IGN)
        guard let harness = CommandLine.arguments.dropFirst().first,
            let options = Options(
                CommandLine.arguments.dropFirst(2), known: optionNames[harness] ?? [])
        else { fail() }
        do {
            let violations =
                switch harness {
                case "sweep": try await Sweep(options).run()
                case "random": try await RandomFaults(options).run()
                case "crash": try await CrashMatrix(options).run()
                case "soak": try await Soak(options).run()
                default: fail()
                }
            leave(violations == 0 ? 0 : 1)
        } catch {
            say("the harness failed: \(error)")
            leave(70)
        }
    }

    private static func fail() -> Never {
        for line in usage { say(line) }
        leave(64)
    }
}

/// The options of a harness, each with a value.
struct Options: Sendable {
    private var values: [String: String] = [:]

    /// Parses `--name value` pairs; returns `nil` if a value is missing or a name is unknown.
    init?(_ words: ArraySlice<String>, known: Set<String>) {
        var rest = words
        while let name = rest.popFirst() {
            guard known.contains(name), let value = rest.popFirst() else { return nil }
            values[name] = value
        }
    }

    func text(_ name: String) -> String? { values[name] }

    /// Returns a text; ends the program if the option is missing.
    func required(_ name: String) -> String {
        guard let text = values[name] else {
            say("\(name) is missing")
            leave(64)
        }
        return text
    }

    /// Returns a positive number; ends the program if the option has another value.
    func number(_ name: String, default usual: Int) -> Int {
        guard let text = values[name] else { return usual }
        guard let number = Int(text), number > 0 else {
            say("\(name) needs a positive number")
            leave(64)
        }
        return number
    }
}

/// Writes a line to standard output.
func say(_ line: String) {
    ServingProgram.say(line)
}

/// Ends the program because its options select nothing.
func failUsage(_ reason: String) -> Never {
    say(reason)
    leave(64)
}

/// Ends the program without waiting for other threads.
func leave(_ code: Int32) -> Never {
    _exit(code)
}

/// Returns a number with separators of thousands.
func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return digits.enumerated().map { position, digit in
        position > 0 && (digits.count - position) % 3 == 0 ? ",\(digit)" : "\(digit)"
    }.joined()
}

// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Synchronization

/// Whether somebody has asked the program to end, and how.
final class Interruption: Sendable {
    private let signal = Mutex<EndingSignal?>(nil)

    /// Notes the signal, before the run is cancelled.
    func happened(by signal: EndingSignal) {
        self.signal.withLock { $0 = signal }
    }

    /// The code of a run that was cut short.
    var exitCode: ExitCode {
        signal.withLock { $0 } == .terminate ? .terminated : .interrupted
    }

    /// Carries out a command, and tells a person who interrupts it what happens now.
    func announced(
        on console: Console, _ body: () async throws -> ExitCode
    ) async throws -> ExitCode {
        try await withTaskCancellationHandler(operation: body) {
            console.note("interrupted: what is finished is kept; once more to end at once")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives

/// The cases of a harness, run by several workers, with their figures.
final class Campaign: Sendable {
    /// A case: its name, and the arguments that replay it.
    struct Case: Sendable {
        let name: String
        let replay: String
    }

    private struct Figures {
        var runs = 0
        var faults = 0
        var unreached = 0
        var completed = 0
        var killed = 0
        var violations: [(name: String, reason: String)] = []
    }

    private let figures = Mutex(Figures())
    private let start = ContinuousClock.now

    var violationCount: Int { figures.withLock { $0.violations.count } }

    /// The duration so far in whole seconds.
    var seconds: Int { Int((ContinuousClock.now - start).components.seconds) }

    /// Adds the result of a case; prints its violations with the command that replays it.
    func add(_ result: FaultRun.Result, of item: Case) {
        figures.withLock { figures in
            figures.runs += 1
            figures.faults += result.faultCount
            figures.unreached += result.faultCount == 0 ? 1 : 0
            figures.completed += result.isComplete ? 1 : 0
            figures.killed += result.wasKilled ? 1 : 0
            figures.violations += result.violations.map { (item.name, $0) }
        }
        guard !result.violations.isEmpty else { return }
        say("VIOLATION \(item.name)")
        for violation in result.violations.prefix(6) { say("  \(violation)") }
        for fault in result.faults.prefix(20) { say("  fault: \(fault)") }
        say("  replay: ci/reliability \(item.replay)")
    }

    /// Runs the cases with a number of workers.
    func run(
        _ cases: some Sequence<Case> & Sendable, workers: Int,
        _ perform: @escaping @Sendable (Case) async throws -> FaultRun.Result
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var active = 0
            for item in cases {
                if active == workers {
                    try await group.next()
                    active -= 1
                }
                active += 1
                group.addTask { [self] in try await watching(item) { try await perform(item) } }
            }
            try await group.waitForAll()
        }
    }

    /// Performs a case and adds its result; ends the program if it takes longer than three minutes.
    func watching(_ item: Case, _ perform: () async throws -> FaultRun.Result) async throws {
        let watchdog = Task {
            try await Task.sleep(for: .seconds(180))
            say("VIOLATION \(item.name)\n  did not end\n  replay: ci/reliability \(item.replay)")
            leave(1)
        }
        defer { watchdog.cancel() }
        add(try await perform(), of: item)
    }

    /// Prints the figures as rows of a Markdown table.
    func summarize() {
        let figures = figures.withLock { $0 }
        let rows = [
            ("runs", figures.runs), ("faults", figures.faults), ("killed", figures.killed),
            ("completed at once", figures.completed), ("fault not reached", figures.unreached),
            ("violations", figures.violations.count), ("seconds", seconds),
        ]
        for (label, value) in rows { say("| \(label) | \(grouped(value)) |") }
    }
}

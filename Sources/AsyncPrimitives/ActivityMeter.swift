// SPDX-License-Identifier: Apache-2.0

/// Measures the time in which at least one operation of a task, or of its child tasks, is in
/// progress.
///
/// Unlike the time between start and end, it leaves out what a task waits for between its operations,
/// such as permits and other tasks. Concurrent operations count once.
public final class ActivityMeter: Sendable {
    /// The meter of the current task.
    @TaskLocal public static var current: ActivityMeter?

    private struct State {
        var activeCount = 0
        var start = Duration.zero
        var total = Duration.zero
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> Duration

    /// Creates a meter with a monotonic clock.
    public init(now: @escaping @Sendable () -> Duration) {
        self.now = now
    }

    /// The time of the operations that have ended.
    public var total: Duration { state.withLock { $0.total } }

    /// Records that an operation starts.
    public func begin() {
        let now = now()
        state.withLock { state in
            if state.activeCount == 0 { state.start = now }
            state.activeCount += 1
        }
    }

    /// Records that an operation ends.
    public func end() {
        let now = now()
        state.withLock { state in
            state.activeCount -= 1
            if state.activeCount == 0 { state.total += now - state.start }
        }
    }

    /// Runs an operation, measured by the meter of the current task.
    public static func measuring<Value>(
        _ operation: () async throws -> Value
    ) async rethrows -> Value {
        guard let meter = current else { return try await operation() }
        meter.begin()
        defer { meter.end() }
        return try await operation()
    }
}

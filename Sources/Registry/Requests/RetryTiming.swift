// SPDX-License-Identifier: Apache-2.0

/// Time as the client uses it, and chance: what tests replace so that nothing waits.
public struct RetryTiming: Sendable {
    /// A clock that only runs forward.
    public var now: @Sendable () -> Duration
    /// Waits, or throws `CancellationError`.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// Draws a number from 0 up to 1.
    public var jitter: @Sendable () -> Double

    /// Makes a timekeeper.
    public init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.jitter = jitter
    }

    /// The machine's clock and the system's random numbers.
    public static let system: RetryTiming = {
        let start = ContinuousClock.now
        return RetryTiming(
            now: { ContinuousClock.now - start },
            sleep: { try await Task.sleep(for: $0) },
            jitter: { Double.random(in: 0..<1) })
    }()
}

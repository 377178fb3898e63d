// SPDX-License-Identifier: Apache-2.0

/// The clock and the random numbers of the client, which tests replace.
public struct RetryTiming: Sendable {
    /// A monotonic clock.
    public var now: @Sendable () -> Duration
    /// Waits, or throws `CancellationError`.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// Returns a random number from 0 up to 1.
    public var jitter: @Sendable () -> Double

    /// Creates a value.
    public init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.jitter = jitter
    }

    /// The system's clock and random numbers.
    public static let system: RetryTiming = {
        let start = ContinuousClock.now
        return RetryTiming(
            now: { ContinuousClock.now - start },
            sleep: { try await Task.sleep(for: $0) },
            jitter: { Double.random(in: 0..<1) })
    }()
}

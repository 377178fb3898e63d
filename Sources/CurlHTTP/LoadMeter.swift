// SPDX-License-Identifier: Apache-2.0

internal import CPosix

/// A measure of the share of time for which the current thread uses a processor.
struct LoadMeter {
    /// The minimum time of a measurement.
    static let interval = Duration.milliseconds(50)
    /// The share above which the thread is busy.
    static let busyShare = 0.75

    private var start: ContinuousClock.Instant
    /// The processor time of the thread at the start of the measurement.
    private var startUse: Duration
    private let processorTime: () -> Duration

    /// Creates a meter that starts a measurement.
    ///
    /// - Parameters:
    ///   - now: The current time.
    ///   - processorTime: A function that returns the time for which the current thread has used a
    ///     processor.
    init(
        at now: ContinuousClock.Instant,
        processorTime: @escaping () -> Duration = { .nanoseconds(cposix_thread_nanoseconds()) }
    ) {
        start = now
        startUse = processorTime()
        self.processorTime = processorTime
    }

    /// Ends the measurement and starts the next one, if it is long enough.
    ///
    /// - Returns: A Boolean value that indicates whether the thread is busy, or `nil` if the
    ///   measurement continues.
    mutating func measure(at now: ContinuousClock.Instant) -> Bool? {
        let time = now - start
        guard time >= Self.interval else { return nil }
        let use = processorTime()
        defer { (start, startUse) = (now, use) }
        return (use - startUse) / time > Self.busyShare
    }
}

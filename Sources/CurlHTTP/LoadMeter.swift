// SPDX-License-Identifier: Apache-2.0

internal import CPosix

/// A measure of the share of time for which the current thread uses a processor.
struct LoadMeter {
    /// The minimum time of a measurement.
    static let interval = Duration.milliseconds(50)
    /// The share above which the thread is busy.
    static let busyShare = 0.75

    /// A Boolean value that indicates whether the thread was busy during the last measurement.
    private(set) var isBusy = false
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
    mutating func measure(at now: ContinuousClock.Instant) {
        let time = now - start
        guard time >= Self.interval else { return }
        let use = processorTime()
        isBusy = (use - startUse) / time > Self.busyShare
        (start, startUse) = (now, use)
    }
}

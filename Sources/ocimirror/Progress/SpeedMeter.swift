// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A speed from a count that only grows: what is long ago counts less and less.
struct SpeedMeter {
    /// After this time a moment counts about a third of what it did.
    let memory: Duration
    private var last: (count: Int, time: Duration)?
    private var weightedBytes = 0.0
    private var weightedSeconds = 0.0

    init(memory: Duration) {
        self.memory = memory
    }

    /// Notes what the count is at a time.
    mutating func note(_ count: Int, at time: Duration) {
        defer { last = (count, time) }
        guard let last, time > last.time else { return }
        let seconds = (time - last.time) / .seconds(1)
        let fading = exp(-seconds / (memory / .seconds(1)))
        weightedBytes = weightedBytes * fading + Double(count - last.count)
        weightedSeconds = weightedSeconds * fading + seconds
    }

    /// Bytes per second.
    var bytesPerSecond: Int {
        // Two samples within a nanosecond would give more than an integer holds.
        weightedSeconds > 0 ? Int(min(max(weightedBytes / weightedSeconds, 0), 1e18)) : 0
    }

    /// How long so many bytes will take; nil where nothing moves.
    func time(for bytes: Int) -> Duration? {
        bytesPerSecond > 0 ? .seconds(bytes / bytesPerSecond) : nil
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An exponentially weighted average of the speed of a growing counter.
struct SpeedMeter {
    /// The time constant after which a sample's weight has fallen to 1/e.
    let timeConstant: Duration
    private var last: (count: Int, time: Duration)?
    private var weightedBytes = 0.0
    private var weightedSeconds = 0.0

    init(timeConstant: Duration) {
        self.timeConstant = timeConstant
    }

    /// Records the count at a time.
    mutating func record(_ count: Int, at time: Duration) {
        defer { last = (count, time) }
        guard let last, time > last.time else { return }
        let seconds = (time - last.time) / .seconds(1)
        let decay = exp(-seconds / (timeConstant / .seconds(1)))
        weightedBytes = weightedBytes * decay + Double(count - last.count)
        weightedSeconds = weightedSeconds * decay + seconds
    }

    /// The average speed in bytes per second.
    var bytesPerSecond: Int {
        // Two samples within a nanosecond would overflow an integer.
        weightedSeconds > 0 ? Int(min(max(weightedBytes / weightedSeconds, 0), 1e18)) : 0
    }

    /// Returns the time to transfer a number of bytes, or `nil` if nothing is transferred.
    func time(for bytes: Int) -> Duration? {
        bytesPerSecond > 0 ? .seconds(bytes / bytesPerSecond) : nil
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Mirroring
internal import Registry

/// Shows the progress of a run: as status lines on a terminal, otherwise as a log line from time to
/// time.
///
/// It samples counters, so the pipeline does not depend on it.
struct ProgressDisplay {
    let progress: RunProgress
    let console: Console
    let throttledHosts: ThrottledHosts
    let traffic: RequestStatistics
    let time: RetryTiming

    /// The interval between redraws.
    static let redrawInterval = Duration.milliseconds(120)
    /// The delay before the first redraw; shorter runs show no status lines.
    static let initialDelay = Duration.milliseconds(300)
    /// The interval between log lines.
    static let logInterval = Duration.seconds(30)

    /// Runs `body` and shows its progress.
    func during<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        guard console.volume > .quiet else { return try await body() }
        if console.isLive { console.screen.begin() }
        let updates = Task { console.isLive ? await draw() : await logPeriodically() }
        do {
            let value = try await body()
            await end(updates)
            return value
        } catch {
            await end(updates)
            throw error
        }
    }

    /// Stops the updates and removes the status lines.
    private func end(_ updates: Task<Void, Never>) async {
        updates.cancel()
        await updates.value
        console.screen.end()
    }

    /// Redraws the status lines until the task is canceled.
    private func draw() async {
        var frames = ProgressFrames(from: time.now())
        var wait = Self.initialDelay
        while (try? await time.sleep(wait)) != nil {
            let size = console.screen.size
            let view = LiveView(
                columns: size.columns, rows: size.rows, style: console.errorStyle,
                supportsUTF8: console.supportsUTF8)
            console.screen.draw(view.lines(snapshot(&frames)))
            wait = Self.redrawInterval
        }
    }

    /// Logs a line periodically until the task is canceled.
    func logPeriodically() async {
        var frames = ProgressFrames(from: time.now())
        while (try? await time.sleep(Self.logInterval)) != nil {
            console.log(LogEntry(snapshot(&frames)))
        }
    }

    private func snapshot(_ frames: inout ProgressFrames) -> ProgressSnapshot {
        frames.next(
            progress.sample, at: time.now(), throttledHosts: throttledHosts.current,
            pulls: traffic.counts.compactMap(PullUsage.init).map {
                "\($0.host): \(counted($0.left, "pull")) remaining"
            })
    }
}

/// Creates the snapshots of a run, with speeds averaged over time.
struct ProgressFrames {
    private let start: Duration
    private var speed = SpeedMeter(timeConstant: .seconds(3))
    /// A slower average, so that the remaining time does not fluctuate.
    private var trend = SpeedMeter(timeConstant: .seconds(20))
    /// The time at which bytes were first read.
    private var firstRead: Duration?
    /// The time for which the speed is measured before it is used for an estimate.
    static let minimumTrend = Duration.seconds(5)

    init(from start: Duration) {
        self.start = start
        speed.record(0, at: start)
        trend.record(0, at: start)
    }

    mutating func next(
        _ sample: ProgressSample, at time: Duration, throttledHosts: [ThrottledHost] = [],
        pulls: [String] = []
    ) -> ProgressSnapshot {
        speed.record(sample.readBytes, at: time)
        trend.record(sample.readBytes, at: time)
        if firstRead == nil, sample.readBytes > 0 { firstRead = time }
        // Neither is negative, whatever sizes a manifest declares.
        let missing = sample.expectedBytes - sample.completedBytes
        let isMeasured = firstRead.map { time - $0 >= Self.minimumTrend } ?? false
        let isPredictable = isMeasured && sample.isTotalKnown && throttledHosts.isEmpty
        return ProgressSnapshot(
            sample: sample, elapsed: time - start, bytesPerSecond: speed.bytesPerSecond,
            remaining: missing > 0 && isPredictable ? trend.time(for: missing) : nil,
            throttledHosts: throttledHosts,
            pulls: pulls)
    }
}

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

    /// Returns the time to transfer a number of bytes, rounded up to seconds, or `nil` if nothing is
    /// transferred.
    func time(for bytes: Int) -> Duration? {
        guard bytesPerSecond > 0 else { return nil }
        let (seconds, rest) = bytes.quotientAndRemainder(dividingBy: bytesPerSecond)
        return .seconds(seconds + (rest > 0 ? 1 : 0))
    }
}

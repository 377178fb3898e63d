// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import Registry

/// Shows how far a run has come while it goes on: on a terminal a few lines at its end, elsewhere now
/// and then a line.
///
/// It samples counters; the work knows nothing of it.
struct ProgressDisplay {
    let progress: RunProgress
    let console: Console
    let closedHosts: ThrottledHosts
    let traffic: RequestStatistics
    let time: RetryTiming

    /// How often the lines are drawn anew.
    static let drawing = Duration.milliseconds(120)
    /// What is over before this is not worth a view.
    static let patience = Duration.milliseconds(300)
    /// How often a log is told that the program is alive.
    static let heartbeat = Duration.seconds(30)

    /// Carries out `body`, and shows meanwhile how far it has come.
    func during<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        guard console.volume > .quiet else { return try await body() }
        if console.isLive { console.screen.begin() }
        let ticking = Task { console.isLive ? await draw() : await beat() }
        do {
            let value = try await body()
            await end(ticking)
            return value
        } catch {
            await end(ticking)
            throw error
        }
    }

    /// Nothing is drawn any more once this returns.
    private func end(_ ticking: Task<Void, Never>) async {
        ticking.cancel()
        await ticking.value
        console.screen.end()
    }

    /// Draws until the task is cancelled.
    private func draw() async {
        var pictures = ProgressFrames(from: time.now())
        var wait = Self.patience
        while (try? await time.sleep(wait)) != nil {
            let size = console.screen.size
            let view = LiveView(
                columns: size.columns, rows: size.rows, style: console.errorStyle,
                hasBlocks: console.hasBlocks)
            console.screen.draw(view.lines(picture(&pictures)))
            wait = Self.drawing
        }
    }

    /// Writes a line now and then until the task is cancelled.
    func beat() async {
        var pictures = ProgressFrames(from: time.now())
        while (try? await time.sleep(Self.heartbeat)) != nil {
            console.say(LogEntry(picture(&pictures)))
        }
    }

    private func picture(_ pictures: inout ProgressFrames) -> ProgressSnapshot {
        pictures.next(
            progress.sample, at: time.now(), closedHosts: closedHosts.current,
            pulls: traffic.counts.compactMap(PullUsage.init).map {
                "\($0.host): \(counted($0.left, "pull")) left"
            })
    }
}

/// Pictures of one run, one after the other: what is known of speeds is carried from each to the next.
struct ProgressFrames {
    private let start: Duration
    private var speed = SpeedMeter(memory: .seconds(3))
    /// Slower, so that the time that is left does not jump.
    private var trend = SpeedMeter(memory: .seconds(20))

    init(from start: Duration) {
        self.start = start
        speed.note(0, at: start)
        trend.note(0, at: start)
    }

    mutating func next(
        _ sample: ProgressSample, at time: Duration, closedHosts: [ThrottledHost] = [],
        pulls: [String] = []
    ) -> ProgressSnapshot {
        speed.note(sample.readBytes, at: time)
        trend.note(sample.readBytes, at: time)
        // Neither is negative, whatever manifests claim.
        let missing = sample.expectedBytes - sample.completedBytes
        return ProgressSnapshot(
            sample: sample, elapsed: time - start, bytesPerSecond: speed.bytesPerSecond,
            left: missing > 0 ? trend.time(for: missing) : nil, closedHosts: closedHosts,
            pulls: pulls)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The number of operations that may be in progress at a host, learned from their throughput.
///
/// It starts at a few and is doubled in each window until the throughput has not grown for two
/// windows; then it returns to the number with the best throughput. From then on, it is changed in
/// small steps: a greater number is kept if the throughput rose, and a smaller one if the throughput
/// stayed, so that the number is near the smallest one that uses the whole link. It is halved when
/// the host throttles; operations that were in progress together are one such event.
///
/// Throughput is measured over windows of some round trips, and only counts while the number limits
/// it: operations that wait for something else say nothing about the host. The window after a small
/// step is not counted, because the added operations have not transferred anything yet; nor is the
/// first window of transfers, which would make every later one look like growth. Windows after the
/// start are longer, because the throughput of a busy machine varies more than a small step.
///
/// Sources: RFC 5681 §3.1 for halving; draft-ietf-ccwg-bbr §4.3.1.2 for the end of the start at a
/// throughput that grows by less than a quarter.
struct ConcurrencyController: Hashable, Sendable {
    /// A period between two events of throttling, which identifies operations that began together.
    typealias Epoch = Int

    /// The number of operations at the start.
    static let initialLimit = 8
    /// The part of the limit that has to be used on average for a measurement to count.
    static let minimumUse = 0.85
    /// The relative loss of throughput that a smaller limit may cost.
    static let maximumLoss = 0.03
    /// The throughput, relative to the usual one, from which the link is assumed to have changed.
    static let usualRange = 0.8...1.25
    /// The number of windows without such growth at which the start ends.
    static let maximumStagnantWindows = 2
    /// The factor of a small step.
    static let step = 1.25
    /// The number of measurements between two experiments, after the first and after many failures.
    static let pauses = 4...32

    /// The properties of a kind of operation.
    struct Tuning: Hashable, Sendable {
        /// The shortest window of a measurement.
        var minimumWindow: Duration
        /// The shortest window after the start, when small differences matter.
        var minimumStepWindow: Duration
        /// A Boolean value that indicates whether the first window counts; the first transfers
        /// begin one after another.
        var countsFirstWindow: Bool
        /// The number of operations below which a measurement never reduces the limit.
        var minimumLimit: Int
        /// The factor by which the throughput has to grow while the limit is doubled.
        var startGain: Double
        /// The relative growth of throughput, per relative growth of the limit, that justifies a
        /// greater limit.
        var gain: Double
        /// The least growth of throughput that differs from noise.
        var minimumGain: Double

        /// The transfers of large bodies, whose throughput is counted in bytes.
        static let transfers = Tuning(
            minimumWindow: .milliseconds(100), minimumStepWindow: .milliseconds(400),
            countsFirstWindow: false, minimumLimit: 4, startGain: 1.25, gain: 0.25,
            minimumGain: 0.05)
        /// The requests without large bodies, whose throughput is counted in responses.
        ///
        /// They cost little, and the times that their kinds take differ, so that less growth is
        /// required.
        static let requests = Tuning(
            minimumWindow: .milliseconds(50), minimumStepWindow: .milliseconds(50),
            countsFirstWindow: true, minimumLimit: 16, startGain: 1.1, gain: 0.1,
            minimumGain: 0.03)
    }

    /// The upper bound of the limit.
    let maximum: Int
    private let tuning: Tuning
    /// The number of operations that may be in progress now; at least one.
    private(set) var limit: Int
    /// The current epoch.
    private(set) var epoch: Epoch = 0

    private var window = MeasurementWindow()
    private var latency = RecentMinimum()
    private var experiment: Experiment?
    /// The throughput at the current limit without an experiment, in units per second.
    private var usualRate: Double?
    /// A Boolean value that indicates whether the window began with a change of the limit, or with
    /// the first operation.
    private var isSettling: Bool
    /// The best throughput of the start, or `nil` after it.
    private var start: Start? = Start()
    /// A Boolean value that indicates whether the next experiment is a greater limit.
    private var growsNext = true
    private var measurementsUntilExperiment = 0
    private var nextPause = Self.pauses.lowerBound

    /// The throughput of the start, while the limit is doubled.
    private struct Start: Hashable {
        var bestRate = 0.0
        var bestLimit = 0
        /// The number of windows without growth.
        var stagnantWindows = 0
    }

    /// A limit that is being tried, and the one that is known.
    private struct Experiment: Hashable {
        let knownLimit: Int
        let knownRate: Double
    }

    /// Creates a controller.
    ///
    /// - Parameters:
    ///   - maximum: The upper bound of the limit.
    ///   - tuning: The properties of the operations.
    init(maximum: Int, _ tuning: Tuning) {
        self.maximum = max(1, maximum)
        self.tuning = tuning
        self.limit = min(Self.initialLimit, self.maximum)
        self.isSettling = !tuning.countsFirstWindow
    }

    // MARK: Events

    /// Records the start of an operation.
    mutating func begin(at now: Duration) {
        window.changeActive(by: 1, at: now)
    }

    /// Records the end of an operation.
    mutating func end(at now: Duration) {
        window.changeActive(by: -1, at: now)
    }

    /// Records the time from a request to its response, which determines the length of windows.
    mutating func respond(after latency: Duration) {
        self.latency.add(latency)
    }

    /// Records transferred units: bytes or responses.
    mutating func record(_ amount: Int, at now: Duration) {
        window.record(amount, at: now)
        guard window.duration(at: now) >= windowLength else { return }
        let measurement = window.end(at: now)
        latency.endPeriod()
        guard !isSettling else {
            isSettling = false
            return
        }
        guard measurement.averageActive >= Self.minimumUse * Double(limit) else { return }
        decide(measurement.rate)
    }

    /// Records that the host throttled an operation, or that its connection failed.
    ///
    /// - Parameters:
    ///   - began: The epoch in which the operation began.
    ///   - minimum: The number below which the limit is not reduced.
    ///   - now: The current time.
    mutating func throttled(began: Epoch, keeping minimum: Int = 1, at now: Duration) {
        guard began == epoch else { return }
        epoch += 1
        start = nil
        experiment = nil
        usualRate = nil
        growsNext = true
        nextPause = Self.pauses.lowerBound
        measurementsUntilExperiment = nextPause
        setLimit(max(limit / 2, min(minimum, limit), 1), at: now)
    }

    /// The end of the current window; a record before it only adds to the window.
    var windowEnd: Duration { (window.start ?? .zero) + windowLength }

    // MARK: Decisions

    private var windowLength: Duration {
        let latency = latency.value ?? .zero
        // A new connection takes some round trips before its first byte.
        if isSettling { return max(tuning.minimumWindow, latency * 3) }
        // The start needs two windows without growth, so that it may measure shorter ones.
        if start != nil { return max(tuning.minimumWindow, latency) }
        return max(tuning.minimumStepWindow, latency * 2)
    }

    private mutating func decide(_ rate: Double) {
        if let start {
            continueStart(start, rate)
        } else if let experiment {
            end(experiment, rate)
        } else {
            observe(rate)
            measurementsUntilExperiment -= 1
            if measurementsUntilExperiment <= 0 { beginExperiment() }
        }
    }

    /// Records the throughput at the usual limit, which becomes another one if the link changes.
    private mutating func observe(_ rate: Double) {
        guard let usualRate, Self.usualRange.contains(rate / usualRate) else {
            if usualRate != nil {
                nextPause = Self.pauses.lowerBound
                measurementsUntilExperiment = min(measurementsUntilExperiment, 2)
            }
            usualRate = rate
            return
        }
        self.usualRate = usualRate * 0.75 + rate * 0.25
    }

    private mutating func continueStart(_ known: Start, _ rate: Double) {
        var start = known
        if rate >= start.bestRate * tuning.startGain {
            start = Start(bestRate: rate, bestLimit: limit)
        } else {
            start.stagnantWindows += 1
        }
        let isOver = start.stagnantWindows >= Self.maximumStagnantWindows
        guard isOver || limit == maximum else {
            self.start = start
            // The throughput of a window without growth may still rise in the next one.
            if start.stagnantWindows == 0 { limit = min(limit * 2, maximum) }
            return
        }
        self.start = nil
        usualRate = start.bestRate
        measurementsUntilExperiment = nextPause
        let usual = max(start.bestLimit, min(tuning.minimumLimit, maximum))
        if isOver, usual != limit { setLimit(usual) }
    }

    private mutating func end(_ experiment: Experiment, _ rate: Double) {
        self.experiment = nil
        if isSuccess(rate, experiment) {
            usualRate = rate
            nextPause = Self.pauses.lowerBound
            beginExperiment()
        } else {
            growsNext.toggle()
            usualRate = experiment.knownRate
            measurementsUntilExperiment = nextPause
            nextPause = min(nextPause * 2, Self.pauses.upperBound)
            setLimit(experiment.knownLimit)
        }
    }

    private func isSuccess(_ rate: Double, _ experiment: Experiment) -> Bool {
        let growth = Double(limit) / Double(experiment.knownLimit) - 1
        if growth < 0 { return rate >= experiment.knownRate * (1 - Self.maximumLoss) }
        let gain = max(growth * tuning.gain, tuning.minimumGain)
        return rate >= experiment.knownRate * (1 + gain)
    }

    /// Tries another limit, unless none is possible.
    private mutating func beginExperiment() {
        guard let usualRate else { return }
        if growsNext, limit >= maximum { growsNext = false }
        if !growsNext, limit <= tuning.minimumLimit { growsNext = true }
        let target = Double(limit) * (growsNext ? Self.step : 1 / Self.step)
        let bound = min(tuning.minimumLimit, limit)
        let next = min(max(Int(target.rounded(growsNext ? .up : .down)), bound), maximum)
        guard next != limit else {
            measurementsUntilExperiment = Self.pauses.upperBound
            return
        }
        experiment = Experiment(knownLimit: limit, knownRate: usualRate)
        setLimit(next)
    }

    private mutating func setLimit(_ limit: Int, at now: Duration? = nil) {
        self.limit = limit
        isSettling = true
        if let now { _ = window.end(at: now) }
    }
}

/// The throughput and the number of active operations in a period.
private struct MeasurementWindow: Hashable, Sendable {
    private(set) var start: Duration?
    private var lastChange = Duration.zero
    private var active = 0
    /// The sum of the active operations' times, in seconds.
    private var activeSeconds = 0.0
    private var amount = 0

    mutating func changeActive(by difference: Int, at now: Duration) {
        advance(to: now)
        active += difference
    }

    mutating func record(_ amount: Int, at now: Duration) {
        advance(to: now)
        self.amount += amount
    }

    func duration(at now: Duration) -> Duration {
        start.map { now - $0 } ?? .zero
    }

    /// Ends the window, and begins the next one.
    ///
    /// - Returns: The units per second, and the time-weighted average number of active operations.
    mutating func end(at now: Duration) -> (rate: Double, averageActive: Double) {
        advance(to: now)
        let seconds = max(duration(at: now).seconds, 1e-9)
        defer {
            start = now
            activeSeconds = 0
            amount = 0
        }
        return (Double(amount) / seconds, activeSeconds / seconds)
    }

    private mutating func advance(to now: Duration) {
        if start == nil { start = now }
        activeSeconds += Double(active) * max((now - lastChange).seconds, 0)
        lastChange = now
    }
}

/// The minimum of the recent values: of the current period and the one before.
private struct RecentMinimum: Hashable, Sendable {
    private var current: Duration?
    private var previous: Duration?

    var value: Duration? {
        guard let current else { return previous }
        return previous.map { min($0, current) } ?? current
    }

    mutating func add(_ value: Duration) {
        current = current.map { min($0, value) } ?? value
    }

    mutating func endPeriod() {
        guard current != nil else { return }
        previous = current
        current = nil
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The rate of requests that a host accepts, learned from its throttling.
///
/// Until a host throttles, requests are sent at any rate. Then the number of requests that it has
/// accepted, divided by the time with the pause that it asked for, is less than its limit. From this
/// rate on, a greater one is tried each second until the host throttles again; the rate at that
/// moment is somewhat above the limit. From then on, the rate begins at nine tenths of the limit,
/// returns to it within ``recovery``, and exceeds it slowly at first and faster later, because the
/// limit may have been temporary.
///
/// Source: RFC 9438 §4.2, the cubic function of the time since the last congestion event.
struct RequestPace: Hashable, Sendable {
    /// The number of accepted requests that a first measurement needs.
    static let minimumSample = 10
    /// The factor by which the rate grows in a second while the limit is unknown.
    static let growth = 1.25
    /// The limit, relative to the rate at which the host throttled while the limit was unknown.
    ///
    /// Hosts permit some requests above their limit, so that they throttle late.
    static let firstLimit = 0.8
    /// The limit, relative to the rate at which the host throttled near the known limit.
    static let nextLimit = 0.95
    /// The time after which the rate has returned to the limit.
    static let recovery = Duration.seconds(20)
    /// The relative distance from the limit right after throttling.
    static let backOff = 0.1
    /// The multiple of the limit at which it ends.
    static let end = 8.0
    /// The unused time that can be made up for.
    static let slack = Duration.milliseconds(50)
    /// The time after which older requests count half.
    static let horizon = Duration.seconds(10)
    /// A gap between requests that is longer says nothing about the limit and is not counted.
    static let maximumGap = Duration.seconds(1)

    /// The knowledge about the limit of a host, in requests per second.
    private enum Knowledge: Hashable {
        case none
        /// The host permits more than this.
        case atLeast(Double)
        case limit(Double)
    }

    /// The requests that a host accepted until it throttled.
    private struct Sample: Hashable {
        let accepted: Int
        let time: Duration
    }

    private var knowledge = Knowledge.none
    /// The number of requests that were accepted since `start`.
    private var accepted = 0
    /// The start of the measurement.
    private var start: Duration?
    private var lastSent = Duration.zero
    private var throttledAt = Duration.zero
    private var reopening = Duration.zero
    /// The time at which the next request may be sent.
    private var nextTurn = Duration.zero
    /// The measurement that ended when the host first throttled.
    private var sample: Sample?

    /// A Boolean value that indicates whether the rate is limited.
    var isLimited: Bool { knowledge != .none }

    /// Takes the next turn, and returns the time to wait for it.
    mutating func takeTurn(at now: Duration) -> Duration {
        let idleSince = max(lastSent, reopening)
        if let start, now - idleSince > Self.maximumGap {
            self.start = start + (now - idleSince - Self.maximumGap)
        }
        let start = start ?? now
        self.start = start
        if now - start > Self.horizon {
            self.start = start + (now - start) / 2
            accepted /= 2
        }
        guard let rate = rate(at: now) else {
            lastSent = now
            return .zero
        }
        let turn = max(nextTurn, now - Self.slack)
        nextTurn = turn + .seconds(1 / rate)
        lastSent = max(turn, now)
        return max(turn - now, .zero)
    }

    /// Records a response without throttling.
    mutating func accept() {
        accepted += 1
    }

    /// Records that the host throttled; requests that were in flight together are one event.
    mutating func throttled(at now: Duration) {
        let rate = rate(at: now)
        sample = nil
        switch (knowledge, rate) {
        case (.atLeast, let rate?): knowledge = .limit(rate * Self.firstLimit)
        case (.limit, let rate?): knowledge = .limit(rate * Self.nextLimit)
        default: sample = start.map { Sample(accepted: accepted, time: now - $0) }
        }
        (start, accepted, throttledAt, nextTurn) = (now, 0, now, now)
        estimate(pause: .zero)
    }

    /// Records that nothing is sent until a time.
    mutating func pause(until end: Duration, at now: Duration) {
        reopening = max(reopening, end)
        nextTurn = max(nextTurn, end)
        guard now - throttledAt < Self.maximumGap else { return }
        estimate(pause: reopening - throttledAt)
    }

    /// Estimates the limit when the host throttles for the first time.
    private mutating func estimate(pause: Duration) {
        guard let sample, sample.accepted >= Self.minimumSample else { return }
        let seconds = max((sample.time + pause).seconds, 0.001)
        knowledge = .atLeast(Double(sample.accepted) / seconds)
    }

    /// Returns the current rate in requests per second, or `nil` if it is not limited.
    private mutating func rate(at now: Duration) -> Double? {
        let elapsed = (max(now, reopening) - max(throttledAt, reopening)).seconds
        switch knowledge {
        case .none: return nil
        case .atLeast(let rate): return rate * Self.power(Self.growth, elapsed)
        case .limit(let limit):
            let time = elapsed / Self.recovery.seconds - 1
            let factor = 1 + Self.backOff * time * time * time
            guard factor < Self.end else {
                knowledge = .none
                return nil
            }
            return limit * factor
        }
    }

    /// Returns a power with a non-negative exponent, linear between whole ones, below a billion.
    private static func power(_ base: Double, _ exponent: Double) -> Double {
        var result = 1.0
        var rest = exponent
        while rest >= 1, result < 1e9 {
            result *= base
            rest -= 1
        }
        return result * (1 + (base - 1) * min(rest, 1))
    }
}

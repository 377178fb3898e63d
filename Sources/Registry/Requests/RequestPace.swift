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
/// One throttled request after a few accepted ones says little. If the host throttles again, few
/// requests are enough: some hosts permit less than one request per second.
///
/// Source: RFC 9438 §4.2, the cubic function of the time since the last congestion event.
struct RequestPace: Hashable, Sendable {
    /// The number of accepted requests that a measurement needs when the host throttles for the first
    /// time.
    static let firstSample = 10.0
    /// The number of accepted requests that a measurement needs when the host throttles again.
    static let nextSample = 2.0
    /// The factor by which the rate grows in a second while the limit is unknown.
    static let growth = 1.5
    /// The factor by which it grows at most for each accepted request.
    static let growthPerRequest = 1.25
    /// The limit, relative to the rate at which the host throttled while the limit was unknown.
    ///
    /// Hosts permit some requests above their limit, so that they throttle late.
    static let firstLimit = 0.8
    /// The limit, relative to the rate at which the host throttled near the known limit.
    static let nextLimit = 0.95
    /// The time after which the rate has returned to the limit.
    static let recovery = Duration.seconds(20)
    /// The limit, relative to the rate at which the host throttled again at once.
    static let excessLimit = 0.5
    /// The number of accepted requests after throttling without which the limit is well below the rate.
    static let minimumAccepted = 3
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
        let accepted: Double
        let time: Duration
    }

    private var knowledge = Knowledge.none
    /// The number of requests that were accepted since `start`; older ones count less.
    private var accepted = 0.0
    /// The number of requests that were accepted since the host throttled.
    private var acceptedAfterThrottling = 0
    /// A Boolean value that indicates whether the host throttled before.
    private var hasThrottled = false
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
        acceptedAfterThrottling += 1
    }

    /// Records that the host throttled; requests that were in flight together are one event.
    mutating func throttled(at now: Duration) {
        let rate = rate(at: now)
        sample = nil
        switch (knowledge, rate) {
        case (.none, _), (_, nil):
            guard let start, accepted >= (hasThrottled ? Self.nextSample : Self.firstSample) else {
                // The requests are counted further.
                break
            }
            sample = Sample(accepted: accepted, time: now - start)
        case (_, let rate?) where acceptedAfterThrottling < Self.minimumAccepted:
            knowledge = .limit(rate * Self.excessLimit)
        case (.atLeast, let rate?): knowledge = .limit(rate * Self.firstLimit)
        case (.limit, let rate?): knowledge = .limit(rate * Self.nextLimit)
        }
        if sample != nil || isLimited { (start, accepted) = (now, 0) }
        (throttledAt, nextTurn) = (now, now)
        acceptedAfterThrottling = 0
        hasThrottled = true
        estimate(pause: .zero)
    }

    /// Records that nothing is sent until a time.
    mutating func pause(until end: Duration, at now: Duration) {
        reopening = max(reopening, end)
        nextTurn = max(nextTurn, end)
        guard now - throttledAt < Self.maximumGap else { return }
        estimate(pause: reopening - throttledAt)
    }

    /// Estimates the limit after the first measurement.
    private mutating func estimate(pause: Duration) {
        guard let sample else { return }
        knowledge = .atLeast(sample.accepted / max((sample.time + pause).seconds, 0.001))
    }

    /// Returns the current rate in requests per second, or `nil` if it is not limited.
    private mutating func rate(at now: Duration) -> Double? {
        let elapsed = (max(now, reopening) - max(throttledAt, reopening)).seconds
        switch knowledge {
        case .none: return nil
        case .atLeast(let rate):
            return rate
                * min(
                    Self.power(Self.growth, elapsed),
                    Self.power(Self.growthPerRequest, Double(acceptedAfterThrottling)))
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

// SPDX-License-Identifier: Apache-2.0

@testable import Registry

/// A simulation of requests to a host that rejects those above a rate, times in seconds.
///
/// The requests pass a controller and a pace, as in ``HostThrottle``, and are retried as the retry
/// policy decides.
struct RequestSimulation {
    /// A request, in progress or between two attempts.
    private struct Request {
        /// The number of attempts, including the current one.
        var attempt = 1
        /// The start of the first attempt.
        var start: Double?
        /// The time from which it may be retried.
        var readyAt = 0.0
    }

    private struct Attempt {
        let request: Request
        let answeredAt: Double
        let sent: Double
        let isRejected: Bool
        let hostEpoch: Int
        let began: ConcurrencyController.Epoch
    }

    private static let step = 0.001

    /// The requests per second that the host permits.
    var permittedRate: Double
    /// The number of requests that it permits at once.
    let burst: Double
    let roundTrip: Double
    /// The time that the host asks to wait after a rejection; `nil` if it states none.
    let retryAfter: Double?
    private(set) var rejected = 0
    private(set) var accepted = 0
    private(set) var time = 0.0
    /// The number of requests that the policy gave up.
    private(set) var givenUp = 0
    /// The greatest number of attempts of a request.
    private(set) var maximumAttempts = 1

    private let policy = RetryPolicy()
    private var controller: ConcurrencyController
    private var pace = RequestPace()
    private var hostEpoch = 0
    private var tokens: Double
    private var inFlight: [Attempt] = []
    private var waiting: [Request] = []
    /// The requests that hold a permit, with the times at which they are sent.
    private var turns: [(request: Request, time: Double)] = []
    private var closedUntil = 0.0
    private var rejections = 0
    private var rejectingSince: Double?
    private var random: UInt64 = 1

    init(
        permittedRate: Double, burst: Double, roundTrip: Double = 0.04, retryAfter: Double? = nil
    ) {
        self.permittedRate = permittedRate
        self.burst = burst
        self.roundTrip = roundTrip
        self.retryAfter = retryAfter
        self.tokens = burst
        self.controller = ConcurrencyController(maximum: 64, .requests)
    }

    /// Sends further requests until they are answered or given up, and returns the number of seconds.
    mutating func send(_ count: Int) -> Double {
        waiting += Array(repeating: Request(), count: count)
        let (target, start) = (accepted + givenUp + count, time)
        while accepted + givenUp < target { advance() }
        return time - start
    }

    private mutating func advance() {
        time += Self.step
        tokens = min(burst, tokens + permittedRate * Self.step)
        answer()
        guard time >= closedUntil else { return }
        let now = Duration.seconds(time)
        while inFlight.count + turns.count < controller.limit,
            let index = waiting.firstIndex(where: { $0.readyAt <= time })
        {
            turns.append((waiting.remove(at: index), time + pace.takeTurn(at: now).seconds))
        }
        for (request, turn) in turns where turn <= time {
            let isRejected = tokens < 1
            if !isRejected { tokens -= 1 }
            controller.begin(at: now)
            var request = request
            request.start = request.start ?? time
            inFlight.append(
                Attempt(
                    request: request, answeredAt: time + roundTrip, sent: time,
                    isRejected: isRejected, hostEpoch: hostEpoch, began: controller.epoch))
        }
        turns.removeAll { $0.time <= time }
    }

    private mutating func answer() {
        let now = Duration.seconds(time)
        for attempt in inFlight where attempt.answeredAt <= time {
            controller.end(at: now)
            guard attempt.isRejected else {
                accepted += 1
                (rejections, rejectingSince) = (0, nil)
                pace.accept()
                controller.respond(after: .seconds(time - attempt.sent))
                controller.record(1, at: now)
                continue
            }
            reject(attempt, at: now)
        }
        inFlight.removeAll { $0.answeredAt <= time }
    }

    private mutating func reject(_ attempt: Attempt, at now: Duration) {
        rejected += 1
        controller.throttled(
            began: attempt.began,
            keeping: pace.isLimited ? HostThrottle.limitedConcurrency : 1, at: now)
        if attempt.hostEpoch == hostEpoch {
            hostEpoch += 1
            pace.throttled(at: now)
            rejections += 1
            rejectingSince = rejectingSince ?? time
            // Those that wait for their turn take another one.
            waiting.insert(contentsOf: turns.map(\.request), at: 0)
            turns = []
        }
        let outcome = RetryPolicy.Outcome(
            event: .status(429), retryAfter: retryAfter.map { .seconds($0) })
        let left = policy.retryFor - .seconds(time - (rejectingSince ?? time))
        if let pause = policy.pause(
            after: outcome, rejections: rejections, jitter: jitter(), left: left)
        {
            closedUntil = max(closedUntil, time + pause.seconds)
            pace.pause(until: .seconds(closedUntil), at: now)
        }
        let decision = policy.decide(
            attempt: attempt.request.attempt, outcome, jitter: jitter(),
            elapsed: .seconds(time - (attempt.request.start ?? time)), left: left)
        guard case .retry(let wait) = decision else {
            givenUp += 1
            return
        }
        var request = attempt.request
        request.attempt += 1
        request.readyAt = time + wait.seconds
        maximumAttempts = max(maximumAttempts, request.attempt)
        waiting.append(request)
    }

    /// Returns a number from 0 up to 1.
    private mutating func jitter() -> Double {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(random >> 11) / Double(1 << 53)
    }
}

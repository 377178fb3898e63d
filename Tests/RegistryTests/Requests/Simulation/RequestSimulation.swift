// SPDX-License-Identifier: Apache-2.0

@testable import Registry

/// A simulation of requests to a host that rejects those above a rate, times in seconds.
///
/// The requests pass a controller and a pace, as in ``HostThrottle``. A rejected request is sent
/// again after the host was closed for a while.
struct RequestSimulation {
    private struct Request {
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
    /// The time for which the host is closed after a rejection.
    let pause: Double
    private(set) var rejected = 0
    private(set) var accepted = 0
    private(set) var time = 0.0

    private var controller: ConcurrencyController
    private var pace = RequestPace()
    private var hostEpoch = 0
    private var tokens: Double
    private var inFlight: [Request] = []
    private var waiting = 0
    /// The times at which requests that hold a permit are sent.
    private var turns: [Double] = []
    private var closedUntil = 0.0

    init(permittedRate: Double, burst: Double, roundTrip: Double = 0.04, pause: Double = 1) {
        self.permittedRate = permittedRate
        self.burst = burst
        self.roundTrip = roundTrip
        self.pause = pause
        self.tokens = burst
        self.controller = ConcurrencyController(maximum: 64, .requests)
    }

    /// Sends further requests until they are answered, and returns the number of seconds.
    mutating func send(_ count: Int) -> Double {
        waiting += count
        let (target, start) = (accepted + count, time)
        while accepted < target { advance() }
        return time - start
    }

    private mutating func advance() {
        time += Self.step
        tokens = min(burst, tokens + permittedRate * Self.step)
        answer()
        guard time >= closedUntil else { return }
        let now = Duration.seconds(time)
        while waiting > 0, inFlight.count + turns.count < controller.limit {
            waiting -= 1
            turns.append(time + pace.takeTurn(at: now).seconds)
        }
        for turn in turns where turn <= time {
            _ = turn
            let isRejected = tokens < 1
            if !isRejected { tokens -= 1 }
            controller.begin(at: now)
            inFlight.append(
                Request(
                    answeredAt: time + roundTrip, sent: time, isRejected: isRejected,
                    hostEpoch: hostEpoch, began: controller.epoch))
        }
        turns.removeAll { $0 <= time }
    }

    private mutating func answer() {
        let now = Duration.seconds(time)
        for request in inFlight where request.answeredAt <= time {
            controller.end(at: now)
            guard request.isRejected else {
                accepted += 1
                pace.accept()
                controller.respond(after: .seconds(time - request.sent))
                controller.record(1, at: now)
                continue
            }
            rejected += 1
            waiting += 1
            controller.throttled(
                began: request.began,
                keeping: pace.isLimited ? HostThrottle.limitedConcurrency : 1, at: now)
            if request.hostEpoch == hostEpoch {
                hostEpoch += 1
                pace.throttled(at: now)
            }
            closedUntil = max(closedUntil, time + pause)
            pace.pause(until: .seconds(closedUntil), at: now)
        }
        inFlight.removeAll { $0.answeredAt <= time }
    }
}

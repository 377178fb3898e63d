// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Registry

@Suite struct RequestPaceTests {
    @Test(arguments: [(40.0, 10.0, 1.0), (40, 40, 1), (40, 10, 0.5), (10, 20, 5), (200, 50, 1)])
    func `learns the rate that a host permits, with few rejected requests`(
        rate: Double, burst: Double, pause: Double
    ) {
        var simulation = RequestSimulation(permittedRate: rate, burst: burst, retryAfter: pause)
        let count = Int(rate * 20)
        let seconds = simulation.send(count)
        #expect(seconds < Double(count) / rate * 1.35 + 3 * pause)
        #expect(simulation.rejected <= 30)
    }

    @Test(arguments: [(0.2, 100), (1, 25), (5, 25), (40, 25), (200, 25)], [1.0, 2, 10])
    func `gives up no request to a host that permits few at once`(
        limit: (rate: Double, rejections: Int), burst: Double
    ) {
        for roundTrip in [0.005, 0.1] {
            var simulation = RequestSimulation(
                permittedRate: limit.rate, burst: burst, roundTrip: roundTrip)
            #expect(simulation.send(100) < 250 / limit.rate + 15)
            #expect(simulation.givenUp == 0)
            #expect(simulation.rejected <= limit.rejections)
            #expect(simulation.maximumAttempts <= 6)
        }
    }

    @Test(arguments: [0.005, 0.04, 0.2])
    func `sends requests to a host without a limit up to the maximum concurrency`(
        roundTrip: Double
    ) {
        var simulation = RequestSimulation(permittedRate: 1e6, burst: 1000, roundTrip: roundTrip)
        // The time of 64 requests in progress, and the start: ten round trips or four windows.
        #expect(simulation.send(6400) < 100 * roundTrip + max(10 * roundTrip, 0.2))
        #expect(simulation.rejected == 0)
    }

    @Test func `returns slowly to a limit, and exceeds it rarely`() {
        var simulation = RequestSimulation(permittedRate: 40, burst: 10)
        _ = simulation.send(400)
        let earlier = simulation.rejected
        let seconds = simulation.send(40 * 120)
        #expect(simulation.rejected - earlier <= 10)
        #expect(seconds < 120 * 1.1)
    }

    @Test func `recovers from a limit that was temporary`() {
        var simulation = RequestSimulation(permittedRate: 40, burst: 10)
        _ = simulation.send(400)
        simulation.permittedRate = 1e6
        _ = simulation.send(12_000)
        #expect(simulation.send(2000) < 5)
    }

    @Test func `sends at any rate before a host throttles`() {
        var pace = RequestPace()
        for tick in 0..<1000 {
            #expect(pace.takeTurn(at: .milliseconds(tick)) == .zero)
            pace.accept()
        }
        #expect(!pace.isLimited)
    }

    @Test func `learns no rate from a few requests`() {
        var pace = RequestPace()
        for _ in 0..<3 {
            _ = pace.takeTurn(at: .zero)
            pace.accept()
        }
        pace.throttled(at: .milliseconds(1))
        pace.pause(until: .seconds(7), at: .milliseconds(1))
        #expect(!pace.isLimited)
    }

    @Test func `counts the pause that the host asked for`() {
        var pace = RequestPace()
        for tick in 0..<100 {
            _ = pace.takeTurn(at: .milliseconds(tick * 10))
            pace.accept()
        }
        pace.throttled(at: .seconds(1))
        pace.pause(until: .seconds(5), at: .seconds(1))
        #expect(pace.takeTurn(at: .seconds(5)) == .zero)
        let next = pace.takeTurn(at: .seconds(5))
        #expect(next >= .milliseconds(50) && next < .milliseconds(60))
    }

    @Test func `does not count the time in which nothing is sent`() {
        var pace = RequestPace()
        _ = pace.takeTurn(at: .zero)
        pace.accept()
        for tick in 0..<100 {
            _ = pace.takeTurn(at: .seconds(600) + .milliseconds(tick * 10))
            pace.accept()
        }
        pace.throttled(at: .seconds(601))
        _ = pace.takeTurn(at: .seconds(601))
        #expect(pace.takeTurn(at: .seconds(601)) < .milliseconds(25))
    }
}

// SPDX-License-Identifier: Apache-2.0

@testable import Registry

/// A simulated link, with times in seconds and rates in bytes per second.
struct SimulatedLink {
    var roundTrip = 0.04
    var connectionRate = 8e6
    var totalRate = 60e6
    /// The round trips that a new connection takes.
    var setup = 2.0
    /// The relative deviation of the total rate, which changes every ``TransferSimulation/noiseTime``.
    var noise = 0.0

    /// Registries on the same machine, whose processors limit the rate of all transfers together.
    static let loopback = SimulatedLink(
        roundTrip: 0.001, connectionRate: 4e8, totalRate: 1.5e8, setup: 0, noise: 0.8)
}

/// A simulation of transfers over a link, as many at a time as a controller permits.
///
/// There is always another transfer to start. Time passes in steps of a millisecond.
struct TransferSimulation {
    /// The state of one second.
    struct Sample {
        let rate: Double
        let limit: Int
    }

    private struct Transfer {
        var opensAt: Double
        var remaining: Double
        let start: Double
    }

    private static let step = 0.001
    /// The time for which the deviation of a noisy link stays, in seconds.
    private static let noiseTime = 0.05

    var link: SimulatedLink
    private(set) var controller: ConcurrencyController
    private(set) var samples: [Sample] = []
    private(set) var largestLimit = 0
    private var sizes: SizeSequence
    private var transfers: [Transfer] = []
    private var connections = 0
    private var time = 0.0
    private var deviations = SizeSequence(range: -1...1)
    private var deviation = 0.0
    private var nextDeviation = 0.0

    /// Creates a simulation without transfers.
    ///
    /// - Parameters:
    ///   - link: The link.
    ///   - maximum: The upper bound of the controller.
    ///   - sizes: The range of the sizes in bytes.
    init(_ link: SimulatedLink, maximum: Int = 64, sizes: ClosedRange<Double> = 5e5...8e6) {
        self.link = link
        self.controller = ConcurrencyController(maximum: maximum, .transfers)
        self.sizes = SizeSequence(range: sizes)
    }

    /// Lets time pass.
    mutating func run(seconds: Int) {
        for _ in 0..<seconds {
            var moved = 0.0
            for _ in 0..<1000 { moved += advance() }
            samples.append(Sample(rate: moved, limit: controller.limit))
        }
    }

    /// Records that the host throttles.
    mutating func throttle() {
        controller.throttled(began: controller.epoch, at: .seconds(time))
    }

    /// Lets a millisecond pass, and returns the number of bytes that were transferred.
    private mutating func advance() -> Double {
        time += Self.step
        largestLimit = max(largestLimit, controller.limit)
        while transfers.count < controller.limit { start() }
        let now = Duration.seconds(time)
        let open = transfers.indices.filter { transfers[$0].opensAt <= time }
        if time >= nextDeviation {
            nextDeviation = time + Self.noiseTime
            deviation = deviations.nextUniform()
        }
        let totalRate = link.totalRate * (1 + link.noise * deviation)
        let rate = min(link.connectionRate, totalRate / Double(max(open.count, 1)))
        var moved = 0.0
        for index in open {
            if transfers[index].opensAt > time - Self.step {
                controller.respond(after: .seconds(time - transfers[index].start))
            }
            let bytes = min(rate * Self.step, transfers[index].remaining)
            transfers[index].remaining -= bytes
            moved += bytes
            controller.record(Int(bytes), at: now)
        }
        for transfer in transfers where transfer.remaining <= 0 {
            _ = transfer
            controller.end(at: now)
        }
        transfers.removeAll { $0.remaining <= 0 }
        return moved
    }

    private mutating func start() {
        var delay = link.roundTrip
        if transfers.count >= connections {
            connections += 1
            delay += link.roundTrip * link.setup
        }
        transfers.append(
            Transfer(opensAt: time + delay, remaining: sizes.next(), start: time))
        controller.begin(at: .seconds(time))
    }
}

/// Sizes that vary, but are the same in each run.
struct SizeSequence {
    let range: ClosedRange<Double>
    private var state: UInt64 = 1

    init(range: ClosedRange<Double>) {
        self.range = range
    }

    /// Returns the next size in bytes; small ones are more frequent.
    mutating func next() -> Double {
        let random = random()
        return range.lowerBound + (range.upperBound - range.lowerBound) * random * random
    }

    /// Returns the next number of the range; all are equally frequent.
    mutating func nextUniform() -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * random()
    }

    private mutating func random() -> Double {
        // Source: Knuth, The Art of Computer Programming, volume 2, §3.3.4.
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(UInt64(1) << 53)
    }
}

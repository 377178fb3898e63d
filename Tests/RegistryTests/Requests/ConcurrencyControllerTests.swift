// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Registry

@Suite struct ConcurrencyControllerTests {
    private static let far = SimulatedLink()
    private static let narrow = SimulatedLink(totalRate: 10e6)

    @Test func `starts at a few, and never exceeds its maximum`() {
        var simulation = TransferSimulation(
            SimulatedLink(totalRate: 1e12), maximum: 24)
        #expect(simulation.controller.limit == 8)
        simulation.run(seconds: 20)
        #expect(simulation.largestLimit == 24)
        #expect(ConcurrencyController(maximum: 3, .transfers).limit == 3)
        #expect(ConcurrencyController(maximum: 0, .transfers).limit == 1)
    }

    @Test func `uses four fifths of a far link after two seconds, and nine tenths after four`() {
        var simulation = TransferSimulation(Self.far)
        simulation.run(seconds: 30)
        let rates = simulation.samples.map { $0.rate / 60e6 }
        #expect(rates.dropFirst(2).allSatisfy { $0 > 0.8 })
        #expect(rates.dropFirst(4).reduce(0, +) / 26 > 0.9)
    }

    @Test func `uses a far link whose connections transfer many small blobs`() {
        var simulation = TransferSimulation(Self.far, sizes: 2.6e5...1e6)
        simulation.run(seconds: 30)
        let rates = simulation.samples.map { $0.rate / 60e6 }
        #expect(rates.dropFirst(3).allSatisfy { $0 > 0.8 })
    }

    @Test func `stays near the number that a low-bandwidth link needs`() {
        var simulation = TransferSimulation(Self.narrow)
        simulation.run(seconds: 60)
        #expect(simulation.samples.dropFirst(1).allSatisfy { $0.rate > 0.95 * 10e6 })
        #expect(simulation.samples.dropFirst(5).allSatisfy { $0.limit <= 12 })
        #expect(simulation.largestLimit <= 32)
    }

    @Test func `stays at a few where the throughput varies without growing`() {
        var simulation = TransferSimulation(.loopback)
        simulation.run(seconds: 30)
        let limits = simulation.samples.map(\.limit)
        #expect(limits.prefix(6).reduce(0, +) <= 6 * 12, "\(limits)")
        #expect(limits.dropFirst(6).reduce(0, +) <= 24 * 10, "\(limits)")
    }

    @Test func `uses a far link whose throughput varies`() {
        var simulation = TransferSimulation(SimulatedLink(noise: 0.5))
        simulation.run(seconds: 60)
        let rates = simulation.samples.map { $0.rate / 60e6 }
        #expect(rates.dropFirst(4).reduce(0, +) / 56 > 0.85, "\(rates)")
    }

    @Test func `uses a link without a limit in all up to its maximum`() {
        var simulation = TransferSimulation(SimulatedLink(totalRate: 1e12))
        simulation.run(seconds: 30)
        #expect(simulation.samples[2].limit == 64)
        #expect(simulation.samples.dropFirst(2).allSatisfy { $0.limit >= 48 })
    }

    @Test func `follows a link that becomes slower and faster again`() {
        var simulation = TransferSimulation(Self.far)
        simulation.run(seconds: 10)
        simulation.link.totalRate = 10e6
        simulation.run(seconds: 60)
        #expect((simulation.samples.last?.limit ?? 0) <= 12)
        simulation.link.totalRate = 60e6
        simulation.run(seconds: 20)
        let rates = simulation.samples.suffix(5).map { $0.rate / 60e6 }
        #expect(rates.allSatisfy { $0 > 0.8 })
    }

    @Test func `follows a link whose round trip becomes longer`() {
        var simulation = TransferSimulation(SimulatedLink(roundTrip: 0.005))
        simulation.run(seconds: 10)
        simulation.link.roundTrip = 0.2
        simulation.run(seconds: 20)
        let rates = simulation.samples.suffix(5).map { $0.rate / 60e6 }
        #expect(rates.allSatisfy { $0 > 0.8 })
    }

    @Test func `does not raise the limit of a slow host because another one is fast`() {
        var slow = TransferSimulation(SimulatedLink(connectionRate: 1e6, totalRate: 2e6))
        var fast = TransferSimulation(Self.far)
        slow.run(seconds: 30)
        fast.run(seconds: 30)
        #expect(slow.samples.dropFirst(5).allSatisfy { $0.limit <= 12 })
        #expect(fast.samples.dropFirst(2).allSatisfy { $0.rate > 0.8 * 60e6 })
    }

    @Test func `halves once for all operations that were in progress together`() {
        var controller = ConcurrencyController(maximum: 64, .transfers)
        let began = controller.epoch
        for _ in 0..<8 { controller.throttled(began: began, at: .zero) }
        #expect(controller.limit == 4)
        controller.throttled(began: controller.epoch, at: .zero)
        #expect(controller.limit == 2)
        for _ in 0..<10 { controller.throttled(began: controller.epoch, at: .zero) }
        #expect(controller.limit == 1)
    }

    @Test func `recovers after throttling`() {
        var simulation = TransferSimulation(Self.far)
        simulation.run(seconds: 10)
        for _ in 0..<3 { simulation.throttle() }
        #expect(simulation.controller.limit <= 4)
        simulation.run(seconds: 15)
        let rates = simulation.samples.suffix(3).map { $0.rate / 60e6 }
        #expect(rates.allSatisfy { $0 > 0.8 })
    }

    @Test func `does not change while it does not limit anything`() {
        var controller = ConcurrencyController(maximum: 64, .transfers)
        for tick in 0..<10_000 {
            let now = Duration.milliseconds(tick)
            if tick % 100 == 0 { controller.begin(at: now) }
            controller.record(1 + tick, at: now)
            if tick % 100 == 99 { controller.end(at: now) }
        }
        #expect(controller.limit == 8)
    }
}

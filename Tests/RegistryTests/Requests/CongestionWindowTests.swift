// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Registry

@Suite struct CongestionWindowTests {
    @Test func `starts at its maximum, and never exceeds it`() {
        var window = CongestionWindow(maximum: 6)
        for _ in 0..<100 { window.succeeded() }
        #expect(window.limit == 6)
    }

    @Test func `halves once for all requests that were in flight together`() {
        var window = CongestionWindow(maximum: 8)
        let sent = window.epoch
        for _ in 0..<8 { window.throttled(sent: sent) }
        #expect(window.limit == 4)
        window.throttled(sent: window.epoch)
        #expect(window.limit == 2)
    }

    @Test func `never closes completely`() {
        var window = CongestionWindow(maximum: 5)
        for _ in 0..<10 { window.throttled(sent: window.epoch) }
        #expect(window.limit == 1)
        #expect(CongestionWindow(maximum: 0).limit == 1)
    }

    @Test func `grows by about one for each window of successful requests`() {
        var window = CongestionWindow(maximum: 8)
        window.throttled(sent: window.epoch)
        var limits: [Int] = []
        for _ in 0..<24 {
            window.succeeded()
            limits.append(window.limit)
        }
        #expect(limits.prefix(4).allSatisfy { $0 == 4 })
        #expect(limits[5] == 5)
        #expect(limits == limits.sorted())
        #expect((6...7).contains(limits[17]))
    }
}

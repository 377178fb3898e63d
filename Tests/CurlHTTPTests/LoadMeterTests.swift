// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@testable import CurlHTTP

struct LoadMeterTests {
    @Test(arguments: [
        (after: 49, use: 49, isBusy: false),
        (50, 0, false),
        (50, 37, false),
        (50, 38, true),
        (1_000, 750, false),
        (1_000, 751, true),
    ])
    func `a thread is busy if it works for more than three quarters of a measurement`(
        after time: Int, use: Int, isBusy: Bool
    ) {
        let start = ContinuousClock.now
        let used = Mutex(Duration.seconds(7))
        var meter = LoadMeter(at: start) { used.withLock { $0 } }
        used.withLock { $0 += .milliseconds(use) }
        meter.measure(at: start + .milliseconds(time))
        #expect(meter.isBusy == isBusy)
    }

    @Test func `each measurement starts at the end of the previous one`() {
        let start = ContinuousClock.now
        let used = Mutex(Duration.zero)
        var meter = LoadMeter(at: start) { used.withLock { $0 } }
        for (time, use, isBusy) in [(60, 60, true), (100, 80, true), (120, 80, false)] {
            used.withLock { $0 = .milliseconds(use) }
            meter.measure(at: start + .milliseconds(time))
            #expect(meter.isBusy == isBusy)
        }
    }
}

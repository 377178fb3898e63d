// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@Suite struct `An activity meter` {
    private final class Clock: Sendable {
        private let time = Mutex(Duration.zero)
        var now: Duration { time.withLock { $0 } }
        func advance(_ seconds: Int) { time.withLock { $0 += .seconds(seconds) } }
    }

    private let clock = Clock()

    @Test func `counts operations and leaves out waits`() async {
        let meter = ActivityMeter(now: { [clock] in clock.now })
        await ActivityMeter.$current.withValue(meter) {
            await ActivityMeter.measuring { clock.advance(2) }
            clock.advance(10)
            await ActivityMeter.measuring { clock.advance(3) }
        }
        #expect(meter.total == .seconds(5))
    }

    @Test func `counts concurrent operations once`() {
        let meter = ActivityMeter(now: { [clock] in clock.now })
        meter.begin()
        clock.advance(1)
        meter.begin()
        clock.advance(1)
        meter.end()
        clock.advance(1)
        meter.end()
        #expect(meter.total == .seconds(3))
    }

    @Test func `is not required`() async {
        #expect(await ActivityMeter.measuring { 7 } == 7)
    }
}

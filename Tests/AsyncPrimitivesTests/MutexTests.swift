// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@Suite struct `A mutex` {
    private struct Refusal: Error {}

    private struct Token: ~Copyable {
        var uses = 0
    }

    private final class Counter: Sendable {
        let count = Mutex(0)
    }

    @Test func `gives access to one task at a time`() async {
        let counter = Counter()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1000 { counter.count.withLock { $0 += 1 } } }
            }
        }
        #expect(counter.count.withLock { $0 } == 8000)
    }

    @Test func `is released by an error of the closure`() {
        let count = Mutex(0)
        #expect(throws: Refusal.self) {
            try count.withLock { (value) throws(Refusal) in
                value = 7
                throw Refusal()
            }
        }
        #expect(count.withLock { $0 } == 7)
    }

    @Test func `holds a value that cannot be copied`() {
        let token = Mutex(Token())
        token.withLock { $0.uses += 1 }
        #expect(token.withLock { $0.uses } == 1)
    }
}

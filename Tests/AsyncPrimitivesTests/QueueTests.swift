// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import AsyncPrimitives

@Suite struct `A queue` {
    @Test func `returns its elements in the order in which they were added`() {
        var queue = Queue<Int>()
        var removed: [Int] = []
        for number in 0..<100 {
            queue.append(number)
            if number.isMultiple(of: 3) { removed.append(queue.remove(at: 0)) }
        }
        while !queue.isEmpty { removed.append(queue.remove(at: 0)) }
        #expect(removed == Array(0..<100))
    }

    @Test func `removes an element in the middle`() {
        var queue = Queue<Int>()
        for number in 0..<10 { queue.append(number) }
        queue.remove(at: 0)
        #expect(queue.firstPosition { $0 == 5 } == 4)
        #expect(queue.remove(at: 4) == 5)
        #expect((0..<queue.count).map { queue[$0] } == [1, 2, 3, 4, 6, 7, 8, 9])
        #expect(queue.firstPosition { $0 == 5 } == nil)
    }
}

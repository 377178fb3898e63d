// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CurlHTTP

@Suite struct BufferBudgetTests {
    private static let buffers = BufferBudget.buffersPerExchange

    @Test func `gives few exchanges buffers of the full size`() {
        let budget = BufferBudget(24 << 20)
        let sizes = (0..<16).map { _ in budget.take(for: nil) }
        #expect(sizes.allSatisfy { $0 == BufferBudget.maximumSize })
    }

    @Test func `gives many exchanges smaller buffers, and exceeds the budget little`() {
        let budget = BufferBudget(24 << 20)
        let sizes = (0..<256).map { _ in budget.take(for: nil) }
        #expect(sizes == sizes.sorted(by: >))
        #expect(sizes.last == BufferBudget.minimumSize)
        #expect(sizes.reduce(0, +) * Self.buffers < 42 << 20)
    }

    @Test func `gives a small body a small buffer`() {
        let budget = BufferBudget(24 << 20)
        #expect(budget.take(for: 1000) == BufferBudget.minimumSize)
        #expect(budget.take(for: 100_000) == 128 << 10)
    }

    @Test func `uses the bytes of exchanges that have ended`() {
        let budget = BufferBudget(24 << 20)
        let sizes = (0..<256).map { _ in budget.take(for: nil) }
        for size in sizes { budget.giveBack(size) }
        #expect(budget.take(for: nil) == BufferBudget.maximumSize)
    }
}

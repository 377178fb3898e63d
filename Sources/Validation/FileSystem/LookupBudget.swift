// SPDX-License-Identifier: Apache-2.0

internal import struct Synchronization.Atomic

/// The number of steps that the path lookups of a validator may take, over all rules.
///
/// A step looks at one directory in one layer, or hashes a byte. Without a limit, a small image
/// could combine links, search paths and layers so that validation takes days.
final class LookupBudget: Sendable {
    private let remaining: Atomic<Int>

    /// Creates a budget.
    ///
    /// The default takes a few seconds and exceeds what any usable image needs.
    init(steps: Int = 50_000_000) {
        remaining = Atomic(steps)
    }

    /// A Boolean value that indicates whether the budget is exhausted.
    var isExhausted: Bool { remaining.load(ordering: .relaxed) <= 0 }

    /// Consumes steps.
    func consume(_ steps: Int) { remaining.wrappingSubtract(steps + 1, ordering: .relaxed) }
}

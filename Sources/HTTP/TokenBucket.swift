// SPDX-License-Identifier: Apache-2.0

/// A rate limit: each caller takes bytes and waits for the returned time, in the order of the
/// calls.
///
/// Unused time can be made up for, but never more than ``slack``.
struct TokenBucket: Hashable, Sendable {
    /// The maximum unused time that can be made up for.
    static let slack = Duration.milliseconds(100)

    private let bytesPerSecond: Int
    /// The time at which everything taken so far is paid for.
    private var paidUntil = Duration.zero

    init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0, "rate must be positive")
        self.bytesPerSecond = bytesPerSecond
    }

    /// Takes bytes and returns the time to wait before they are used.
    mutating func take(_ count: Int, at now: Duration) -> Duration {
        paidUntil = max(paidUntil, now - Self.slack)
        let (seconds, rest) = count.quotientAndRemainder(dividingBy: bytesPerSecond)
        paidUntil += .seconds(seconds)
        paidUntil += .nanoseconds(Int(Double(rest) / Double(bytesPerSecond) * 1e9))
        return max(paidUntil - now, .zero)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// How fast bytes may come: who takes some is told how long to wait, in order of asking.
///
/// What stood still for a while may catch up a little of it, never more than ``slack``.
struct TokenBucket: Hashable, Sendable {
    /// How much time that was not used may be made up for.
    static let slack = Duration.milliseconds(100)

    private let bytesPerSecond: Int
    /// The time up to which all that was taken is paid for.
    private var paidUntil = Duration.zero

    init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0, "without a byte a second nothing ever ends")
        self.bytesPerSecond = bytesPerSecond
    }

    /// Takes some bytes; returns how long to wait before they are used.
    mutating func take(_ count: Int, at now: Duration) -> Duration {
        paidUntil = max(paidUntil, now - Self.slack)
        let (seconds, rest) = count.quotientAndRemainder(dividingBy: bytesPerSecond)
        paidUntil += .seconds(seconds)
        paidUntil += .nanoseconds(Int(Double(rest) / Double(bytesPerSecond) * 1e9))
        return max(paidUntil - now, .zero)
    }
}

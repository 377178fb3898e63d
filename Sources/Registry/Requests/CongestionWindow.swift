// SPDX-License-Identifier: Apache-2.0

/// How many requests a host takes at once, learned from how it answers.
///
/// It begins at the most, halves when the host asks for patience, and grows by about one for each
/// window of requests that went well (additive increase, multiplicative decrease). Requests that were
/// under way together when the host lost its patience are one event and halve it once.
///
/// Source: RFC 5681 §3.1, by its idea.
struct CongestionWindow: Hashable, Sendable {
    /// Which requests belong together: those that were sent between the same two events.
    typealias Epoch = Int

    /// How many requests the window never exceeds.
    let most: Int
    private var size: Double
    /// The epoch of what is sent now.
    private(set) var epoch: Epoch = 0

    init(most: Int) {
        self.most = max(1, most)
        self.size = Double(self.most)
    }

    /// How many requests may be in flight now; at least one.
    var limit: Int { Int(size) }

    /// Takes note of an answer that asked for no patience.
    mutating func succeeded() {
        size = min(Double(most), size + 1 / size)
    }

    /// Takes note of an answer that asked for patience.
    ///
    /// - Parameter sent: the epoch in which its request was sent.
    mutating func congested(sent: Epoch) {
        guard sent == epoch else { return }
        epoch += 1
        size = max(1, (size / 2).rounded(.down))
    }
}

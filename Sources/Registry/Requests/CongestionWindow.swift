// SPDX-License-Identifier: Apache-2.0

/// The number of requests that a host accepts concurrently, learned from its responses.
///
/// It starts at its maximum, is halved when the host throttles, and grows by about one per
/// window of successful requests (additive increase, multiplicative decrease). Requests that were
/// in flight together when the host throttled are one event and halve it once.
///
/// Source: the idea of RFC 5681 §3.1.
struct CongestionWindow: Hashable, Sendable {
    /// A period between two events, which identifies requests that were sent together.
    typealias Epoch = Int

    /// The maximum of the window.
    let maximum: Int
    private var size: Double
    /// The current epoch.
    private(set) var epoch: Epoch = 0

    init(maximum: Int) {
        self.maximum = max(1, maximum)
        self.size = Double(self.maximum)
    }

    /// The number of requests that may be in flight now; at least one.
    var limit: Int { Int(size) }

    /// Records a response without throttling.
    mutating func succeeded() {
        size = min(Double(maximum), size + 1 / size)
    }

    /// Records a response with throttling.
    ///
    /// - Parameter sent: The epoch in which the request was sent.
    mutating func throttled(sent: Epoch) {
        guard sent == epoch else { return }
        epoch += 1
        size = max(1, (size / 2).rounded(.down))
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Waiting

/// How many blob bodies are on their way at once.
///
/// Small ones have places of their own, so that configurations and the like never wait behind layers
/// that take minutes, and an image of small blobs is done long before one of large ones.
struct TransferLanes: Sendable {
    /// What counts as small: such a body is over in the time of a few requests.
    static let small = 256 << 10

    /// How many bodies are on their way at once, small ones aside.
    let count: Int

    private let large: Slots
    private let small: Slots

    /// Makes places for `count` bodies, and as many for small ones.
    init(_ count: Int) {
        self.count = count
        large = Slots(count)
        small = Slots(count)
    }

    /// Runs the transfer of a body of so many bytes as soon as it has a place.
    ///
    /// - Throws: `CancellationError`, or what `transfer` threw.
    func withPlace<Value>(
        for size: Int, _ transfer: () async throws -> Value
    ) async throws -> Value {
        try await (size > Self.small ? large : small).withSlot(transfer)
    }
}

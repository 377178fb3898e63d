// SPDX-License-Identifier: Apache-2.0

public import AsyncPrimitives
internal import ChildProcess

/// The streams through which a layer is read while it is scanned.
///
/// Usually there is one. Another stream replaces one that was not read to its end, for example
/// because an upload was restarted.
public final class LayerTap: Sendable {
    /// Claims the scan of a stream whose first bytes have arrived.
    ///
    /// The result indicates whether the stream is scanned.
    public typealias Claim = @Sendable () -> Bool

    private struct State: Sendable {
        /// The input of the scan of the current stream.
        var current: ChildInput?
        /// The same input, until the scan has started.
        var next: ChildInput?
        var isComplete = false
        var isEnded = false
    }

    private let byteCount: Int
    private let claim: Claim
    private let state = AsyncCondition(State())

    /// Creates a tap.
    ///
    /// - Parameters:
    ///   - byteCount: The number of bytes of the layer.
    ///   - claim: Claims the scan of a stream.
    init(byteCount: Int, claimingWith claim: @escaping Claim) {
        self.byteCount = byteCount
        self.claim = claim
    }

    /// Returns a stream that is scanned while it is read, at the pace of the slower of both.
    ///
    /// - Parameter stream: All bytes of the layer. It withholds the last chunk until they are
    ///   verified, so that the scan of corrupt bytes has no result.
    /// - Returns: The same bytes.
    public func observe(
        _ stream: any AsyncSequence<[UInt8], any Error> & Sendable
    ) -> ObservedStream {
        let input = ChildInput()
        return ObservedStream(stream) { [self] chunk, position in
            // The end of an empty stream is its first event.
            if position == chunk?.count ?? 0 { replaceCurrent(with: input) }
            if let chunk { try await input.write(chunk) }
            guard position == byteCount else { return }
            state.change { if $0.current === input { $0.isComplete = true } }
            input.end()
        }
    }

    /// A Boolean value that indicates whether a stream is scanned.
    public var isScanning: Bool { state.state.current != nil }

    private func replaceCurrent(with input: ChildInput) {
        let unneeded = state.change { state -> ChildInput? in
            guard state.current !== input else { return nil }
            guard !state.isComplete, !state.isEnded, claim() else { return input }
            defer {
                state.current = input
                state.next = input
            }
            return state.current
        }
        unneeded?.abandon()
    }

    /// Returns the input of the next stream, or `nil` after the last one.
    ///
    /// - Throws: `CancellationError`.
    func next() async throws -> ChildInput? {
        try await state.take { state -> ChildInput?? in
            if let input = state.next.take() { return .some(input) }
            return state.isEnded ? .some(nil) : nil
        }
    }

    /// Ends the tap, because no further stream follows.
    ///
    /// - Returns: A Boolean value that indicates whether a stream was read to its end.
    func end() -> Bool {
        let (isComplete, current) = state.change { state in
            state.isEnded = true
            return (state.isComplete, state.current)
        }
        if !isComplete { current?.abandon() }
        return isComplete
    }
}

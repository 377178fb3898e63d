// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import LayerScanning

/// The streams of a layer that is scanned while it is read for another purpose.
///
/// A stream replaces an earlier one, which is then not read to its end: an upload was restarted.
final class LayerTap: Sendable {
    private struct State: Sendable {
        /// The input of the scan of the current stream.
        var current: LayerInput?
        /// The same input, until the scan has started.
        var next: LayerInput?
        var isComplete = false
        var isEnded = false
    }

    private let byteCount: Int
    private let state = AsyncCondition(State())

    /// Creates a tap for a layer with `byteCount` bytes.
    init(byteCount: Int) {
        self.byteCount = byteCount
    }

    /// Returns a stream that is scanned while it is read, at the pace of the slower of both.
    func observe(_ stream: ByteStream) -> ByteStream {
        let input = LayerInput()
        return ObservedStream(stream) { [self] chunk, position in
            guard let chunk else { return }
            if position == chunk.count { replace(with: input) }
            try await input.write(chunk)
            guard position == byteCount else { return }
            // The bytes are verified: a stream withholds its last chunk until they are.
            state.change { $0.isComplete = true }
            input.end()
        }
    }

    private func replace(with input: LayerInput) {
        let earlier = state.change { state in
            let earlier = state.current
            state.current = input
            state.next = input
            state.isComplete = false
            return earlier
        }
        earlier?.abandon()
    }

    /// Returns the input of the next stream, or `nil` after the last one.
    ///
    /// - Throws: `CancellationError`.
    func next() async throws -> LayerInput? {
        try await state.take { state -> LayerInput?? in
            if let input = state.next.take() { return .some(input) }
            return state.isEnded ? .some(nil) : nil
        }
    }

    /// Ends the tap, because no further stream follows.
    ///
    /// A stream that was not read to its end is not scanned.
    func end() {
        let incomplete = state.change { state in
            state.isEnded = true
            return state.isComplete ? nil : state.current
        }
        incomplete?.abandon()
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import LayerScanning
internal import Synchronization
internal import AsyncPrimitives

/// One scan of a layer.
///
/// A session that is abandoned lets another task start over.
///
/// The scan does not depend on the tasks that wait for it: once it has all bytes, it completes even
/// if the task that read them is cancelled.
final class LayerScanSession: Sendable {
    private struct State {
        var scan: LayerScan?
        var missing: Int
        var isConcluding = false
    }

    private let begin: @Sendable () -> LayerScan
    private let state: Mutex<State>
    private let outcome = AsyncCondition<LayerScanCache.Answer?>(nil)
    private let settle: @Sendable (LayerScanCache.Answer?) -> Void

    /// Creates a session that starts its scan with the first bytes.
    ///
    /// A session without bytes must not occupy a scanner: the sessions that have bytes may hold
    /// what its reader waits for.
    init(
        byteCount: Int, begin: @escaping @Sendable () -> LayerScan,
        settle: @escaping @Sendable (LayerScanCache.Answer?) -> Void
    ) {
        self.begin = begin
        self.state = Mutex(State(missing: byteCount))
        self.settle = settle
    }

    deinit {
        if !state.withLock(\.isConcluding) { settle(nil) }
    }

    private var scan: LayerScan {
        state.withLock { state in
            let scan = state.scan ?? begin()
            state.scan = scan
            return scan
        }
    }

    /// Writes the next bytes, waiting while the scanner's buffer is full.
    ///
    /// The scan finishes by itself after the last byte, so a task that copies the layer need not
    /// call ``result()``. The bytes are verified then: a stream withholds its last chunk until they
    /// are.
    ///
    /// - Throws: `CancellationError`.
    func take(_ bytes: [UInt8]) async throws {
        try await scan.write(bytes)
        let isWhole = state.withLock { state in
            state.missing -= bytes.count
            return state.missing == 0
        }
        if isWhole { conclude() }
    }

    /// Finishes the scan and returns its result.
    ///
    /// - Throws: `CancellationError`, which does not cancel the scan.
    func answer() async throws -> LayerScanCache.Answer {
        conclude()
        return try await outcome.take { $0 }
    }

    /// Completes the scan in a task that is never cancelled.
    private func conclude() {
        let isFirst = state.withLock { state in
            defer { state.isConcluding = true }
            return !state.isConcluding
        }
        guard isFirst else { return }
        Task {
            let answer = await scan.finish()
            settle(answer)
            outcome.change { $0 = answer }
        }
    }
}

/// A stream that is scanned while it is read, at the pace of the slower of both.
struct ScannedStream: AsyncSequence, Sendable {
    private let base: ByteStream
    private let inspection: LayerScanSession

    init(_ base: ByteStream, by inspection: LayerScanSession) {
        self.base = base
        self.inspection = inspection
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), inspection: inspection)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        fileprivate let inspection: LayerScanSession

        mutating func next() async throws -> [UInt8]? {
            guard let piece = try await base.next(isolation: #isolation) else { return nil }
            try await inspection.take(piece)
            return piece
        }
    }
}

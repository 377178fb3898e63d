// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import LayerScanning
internal import Synchronization
internal import AsyncPrimitives

/// One layer on its way through the scanner; whoever gives it up lets others begin anew.
///
/// The scan belongs to none of those who wait for it: once it has all bytes, it goes on to its end even
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

    /// Makes an inspection that begins with the first bytes.
    ///
    /// Before that it must not take a scanner from those who have bytes already: they may hold what
    /// its own reader waits for.
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

    /// Takes the next bytes, and waits while the scanner has enough.
    ///
    /// Who sends the bytes on need not ask for the end once it has them all. They are proved then:
    /// a stream holds its last piece back until they are.
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

    /// Ends the layer, and waits for what it holds.
    ///
    /// - Throws: `CancellationError` for this waiter alone.
    func answer() async throws -> LayerScanCache.Answer {
        conclude()
        return try await outcome.take { $0 }
    }

    /// Lets the scan go to its end in a task that nobody cancels.
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

/// A stream that is looked into while it is read, at the pace of the slower of both.
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

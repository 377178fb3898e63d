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
/// if the task that read them is canceled.
final class LayerScanSession: Sendable {
    private struct State {
        var scan: LayerScan?
        var missing: Int
        var isFinishing = false
    }

    private let start: @Sendable () -> LayerScan
    private let state: Mutex<State>
    private let scanResult = AsyncCondition<LayerScanCache.ScanResult?>(nil)
    private let complete: @Sendable (LayerScanCache.ScanResult?) -> Void

    /// Creates a session that starts its scan with the first bytes.
    ///
    /// A session without bytes must not occupy a scanner: the sessions that have bytes may hold
    /// what its reader waits for.
    init(
        byteCount: Int, start: @escaping @Sendable () -> LayerScan,
        complete: @escaping @Sendable (LayerScanCache.ScanResult?) -> Void
    ) {
        self.start = start
        self.state = Mutex(State(missing: byteCount))
        self.complete = complete
    }

    deinit {
        if !state.withLock(\.isFinishing) { complete(nil) }
    }

    private var scan: LayerScan {
        state.withLock { state in
            let scan = state.scan ?? start()
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
    func write(_ bytes: [UInt8]) async throws {
        try await scan.write(bytes)
        let isWhole = state.withLock { state in
            state.missing -= bytes.count
            return state.missing == 0
        }
        if isWhole { finish() }
    }

    /// Finishes the scan and returns its result.
    ///
    /// - Throws: `CancellationError`, which does not cancel the scan.
    func result() async throws -> LayerScanCache.ScanResult {
        finish()
        return try await scanResult.take { $0 }
    }

    /// Completes the scan in a task that is never canceled.
    private func finish() {
        let isFirst = state.withLock { state in
            defer { state.isFinishing = true }
            return !state.isFinishing
        }
        guard isFirst else { return }
        Task {
            let result = await scan.finish()
            complete(result)
            scanResult.change { $0 = result }
        }
    }
}

/// A stream that is scanned while it is read, at the pace of the slower of both.
struct ScannedStream: AsyncSequence, Sendable {
    private let base: ByteStream
    private let session: LayerScanSession

    init(_ base: ByteStream, by session: LayerScanSession) {
        self.base = base
        self.session = session
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), session: session)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var base: any AsyncIteratorProtocol<[UInt8], any Error>
        fileprivate let session: LayerScanSession

        mutating func next() async throws -> [UInt8]? {
            guard let chunk = try await base.next(isolation: #isolation) else { return nil }
            try await session.write(chunk)
            return chunk
        }
    }
}

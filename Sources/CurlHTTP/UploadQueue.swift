// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Synchronization

/// A short queue of chunks between the source of a request body and the event loop's thread.
final class UploadQueue: Sendable {
    /// The queue exceeds this size only if it holds a single chunk.
    static let capacity = 256 * 1024

    /// The result of a read.
    enum Reading: Equatable {
        /// The number of bytes that were copied.
        case bytes(Int)
        /// No bytes yet; the transfer has to pause.
        case dry
        /// The upload has ended; no more bytes follow.
        case over
    }

    private struct State {
        var pieces: [[UInt8]] = []
        var offset = 0
        var queued = 0
        var isDry = false
        var isClosed = false
        var writer: CheckedContinuation<Void, Never>?

        func hasRoom(for piece: [UInt8]) -> Bool {
            queued == 0 || queued + piece.count <= UploadQueue.capacity
        }
    }

    private let state = Mutex(State())

    // MARK: The loop's side

    /// Copies queued bytes, up to the size of the buffer.
    func read(into space: UnsafeMutableRawBufferPointer) -> Reading {
        state.withLock { state in
            guard !state.isClosed else { return .over }
            var filled = 0
            while filled < space.count, let piece = state.pieces.first {
                let count = min(piece.count - state.offset, space.count - filled)
                unsafe UnsafeMutableRawBufferPointer(rebasing: space[filled..<filled + count])
                    .copyBytes(from: piece[state.offset..<state.offset + count])
                filled += count
                state.offset += count
                if state.offset == piece.count {
                    state.pieces.removeFirst()
                    state.offset = 0
                }
            }
            state.queued -= filled
            state.isDry = filled == 0
            return filled == 0 ? .dry : .bytes(filled)
        }
    }

    /// A Boolean value that indicates whether a read would not pause.
    var isReady: Bool { state.withLock { $0.isClosed || $0.queued > 0 } }

    /// Resumes a waiting writer after reads.
    func wakeWriter() {
        let writer = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.isClosed || state.queued <= Self.capacity / 2 else { return nil }
            return state.writer.take()
        }
        writer?.resume()
    }

    // MARK: Both sides

    /// Ends the upload, whether or not all of it was read.
    ///
    /// - Returns: Whether it was open.
    @discardableResult
    func close() -> Bool {
        let (wasOpen, writer) = state.withLock { state in
            defer {
                state.isClosed = true
                state.pieces = []
            }
            return (!state.isClosed, state.writer.take())
        }
        writer?.resume()
        return wasOpen
    }

    // MARK: The source's side

    /// Adds a chunk as soon as there is space for it.
    ///
    /// `resume` is called if the transfer was paused and can resume.
    ///
    /// - Returns: `false` if the upload has ended.
    func push(_ piece: [UInt8], resume: () -> Void) async -> Bool {
        while true {
            let outcome = state.withLock { state -> (isDone: Bool, wasDry: Bool) in
                guard !state.isClosed else { return (true, false) }
                guard state.hasRoom(for: piece) else { return (false, false) }
                state.pieces.append(piece)
                state.queued += piece.count
                defer { state.isDry = false }
                return (true, state.isDry)
            }
            if outcome.wasDry { resume() }
            if outcome.isDone { return state.withLock { !$0.isClosed } }
            await waitForRoom(for: piece)
        }
    }

    private func waitForRoom(for piece: [UInt8]) async {
        await withCheckedContinuation { continuation in
            let mayGoOn = state.withLock { state in
                guard !state.isClosed, !state.hasRoom(for: piece) else { return true }
                state.writer = continuation
                return false
            }
            if mayGoOn { continuation.resume() }
        }
    }
}

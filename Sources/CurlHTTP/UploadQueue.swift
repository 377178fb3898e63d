// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import AsyncPrimitives

/// A short queue of chunks between the source of a request body and the event loop's thread.
final class UploadQueue: Sendable {
    /// The capacity for a body without a buffer size.
    static let usualCapacity = 256 * 1024

    /// The result of a read.
    enum ReadResult: Equatable {
        /// The number of bytes that were copied.
        case bytes(Int)
        /// No bytes yet; the transfer has to pause.
        case empty
        /// The upload has ended; no more bytes follow.
        case ended
    }

    private struct State {
        var chunks: [[UInt8]] = []
        var offset = 0
        var queuedByteCount = 0
        var isReaderPaused = false
        var isClosed = false
        var writer: CheckedContinuation<Void, Never>?

        func hasSpace(for chunk: [UInt8], _ capacity: Int) -> Bool {
            queuedByteCount == 0 || queuedByteCount + chunk.count <= capacity
        }
    }

    /// The number of bytes in the queue, which it exceeds only if it holds a single chunk.
    private let capacity: Int
    private let state = Mutex(State())

    /// Creates an empty queue.
    init(capacity: Int = usualCapacity) {
        self.capacity = capacity
    }

    // MARK: The loop's side

    /// Copies queued bytes, up to the size of the buffer.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        state.withLock { state in
            guard !state.isClosed else { return .ended }
            var filled = 0
            while filled < buffer.count, let chunk = state.chunks.first {
                let count = min(chunk.count - state.offset, buffer.count - filled)
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<filled + count])
                    .copyBytes(from: chunk[state.offset..<state.offset + count])
                filled += count
                state.offset += count
                if state.offset == chunk.count {
                    state.chunks.removeFirst()
                    state.offset = 0
                }
            }
            state.queuedByteCount -= filled
            state.isReaderPaused = filled == 0
            return filled == 0 ? .empty : .bytes(filled)
        }
    }

    /// A Boolean value that indicates whether a read would not pause.
    var isReady: Bool { state.withLock { $0.isClosed || $0.queuedByteCount > 0 } }

    /// Resumes a waiting writer after reads.
    func wakeWriter() {
        let writer = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.isClosed || state.queuedByteCount <= capacity / 2 else { return nil }
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
                state.chunks = []
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
    func push(_ chunk: [UInt8], resume: () -> Void) async -> Bool {
        while true {
            let outcome = state.withLock { state -> (isDone: Bool, wasReaderPaused: Bool) in
                guard !state.isClosed else { return (true, false) }
                guard state.hasSpace(for: chunk, capacity) else { return (false, false) }
                state.chunks.append(chunk)
                state.queuedByteCount += chunk.count
                defer { state.isReaderPaused = false }
                return (true, state.isReaderPaused)
            }
            if outcome.wasReaderPaused { resume() }
            if outcome.isDone { return state.withLock { !$0.isClosed } }
            await waitForSpace(for: chunk)
        }
    }

    private func waitForSpace(for chunk: [UInt8]) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                guard !state.isClosed, !state.hasSpace(for: chunk, capacity) else { return true }
                state.writer = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}

extension UploadQueue {
    /// Forwards a whole stream, which must have exactly `length` bytes.
    ///
    /// The last chunk is withheld until the stream has ended. A body that is too long, or whose
    /// source reports an error at the end, is therefore never sent completely.
    ///
    /// `resume` is called when the first bytes are available, and when a paused transfer can
    /// resume.
    ///
    /// - Throws: The error of the stream, ``TransportError`` if its length differs, or
    ///   `CancellationError`.
    func feed(
        _ stream: HTTPByteStream, length: Int, resume: () -> Void
    ) async throws {
        var count = 0
        var last: [UInt8]?
        var hasStarted = false
        func forward(_ chunk: [UInt8]) async -> Bool {
            guard await push(chunk, resume: resume) else { return false }
            if !hasStarted { resume() }
            hasStarted = true
            return true
        }
        for try await chunk in stream where !chunk.isEmpty {
            count += chunk.count
            guard count <= length else {
                throw TransportError(.tooLarge, "request body larger than \(length) bytes")
            }
            if count == length {
                last = chunk
            } else if await !forward(chunk) {
                return
            }
        }
        guard count == length else {
            // A stream may end because its task is canceled.
            try Task.checkCancellation()
            throw TransportError(
                .interrupted, "request body ended after \(count) of \(length) bytes")
        }
        if await !forward(last ?? []) { return }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import AsyncPrimitives

/// Delivers a response from the event loop's thread to the task that waits for it.
///
/// The body passes through one bounded buffer: the event loop appends chunks of 16 KiB, the reader
/// takes the whole buffer. The first error is kept; later ones are its consequences.
final class ResponseChannel: Sendable {
    /// The number of bytes that the buffer of a body without a buffer size may have.
    static let usualCapacity = 256 * 1024

    /// The maximum number of bytes in the buffer.
    ///
    /// A whole read of libcurl's buffer fits in.
    private let capacity: Int
    private let state: Mutex<ResponseChannelState>

    /// Creates a channel.
    ///
    /// - Parameter bufferSize: The size of a buffer that is allocated at its full size immediately,
    ///   or `nil` for a body that is probably short.
    init(bufferSize: Int? = nil) {
        capacity = bufferSize ?? Self.usualCapacity
        state = Mutex(ResponseChannelState(reservation: bufferSize ?? 0))
    }

    /// A Boolean value that indicates whether the response is complete or failed.
    var isFinished: Bool { state.withLock { $0.end != nil } }

    // MARK: The event loop's side

    /// Delivers the head to the waiting task.
    func deliver(_ head: ResponseHead) {
        let waiter = state.withLock { state in
            state.head = head
            return state.headWaiter.take()
        }
        waiter?.resume(returning: head)
    }

    /// Adds a chunk of the body if it fits, otherwise records that the transfer is paused.
    func append(_ chunk: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            guard state.buffer.count + chunk.count <= capacity else {
                state.isPaused = true
                return false
            }
            if state.buffer.isEmpty { state.buffer.reserveCapacity(state.reservation) }
            unsafe state.buffer.append(contentsOf: chunk)
            return true
        }
    }

    /// A Boolean value that indicates whether a paused transfer can resume.
    var hasSpace: Bool { state.withLock { $0.buffer.isEmpty } }

    /// Delivers the received chunks to the waiting reader, unless they are withheld.
    ///
    /// - Parameter mayWithhold: A Boolean value that indicates whether less than half of the buffer
    ///   is withheld.
    /// - Returns: A Boolean value that indicates whether received chunks were withheld from a waiting
    ///   reader.
    func resumeReader(mayWithhold: Bool) -> Bool {
        let (reader, isWithheld) = state.withLock { state in
            guard mayWithhold, state.buffer.count * 2 < capacity else {
                return (state.takeReader(), false)
            }
            return (nil, state.reader != nil && !state.buffer.isEmpty)
        }
        reader?.resume()
        return isWithheld
    }

    /// Ends the response, either completely or with an error that the reader receives after the
    /// bytes.
    ///
    /// - Returns: Whether the response was still open.
    @discardableResult
    func finish(_ end: Result<Void, any Error>) -> Bool {
        let (isFirst, head, reader) = state.withLock { state in
            guard state.end == nil else {
                return (
                    false, nil as ResponseChannelState.HeadWaiter?,
                    nil as ResponseChannelState.ReaderResumption?
                )
            }
            state.end = end
            return (true, state.headWaiter.take(), state.takeReader())
        }
        if case .failure(let error) = end { head?.resume(throwing: error) }
        reader?.resume()
        return isFirst
    }

    // MARK: The task's side

    /// Ends the response for a reader that has been released; unread bytes are dropped.
    func cancel() {
        let (head, reader) = state.withLock { state in
            state.buffer = []
            state.end = .failure(CancellationError())
            return (state.headWaiter.take(), state.takeReader())
        }
        head?.resume(throwing: CancellationError())
        reader?.resume()
    }

    /// Waits for the head.
    func head() async throws -> ResponseHead {
        try await withCheckedThrowingContinuation { continuation in
            let known = state.withLock { state -> Result<ResponseHead, any Error>? in
                if let head = state.head { return .success(head) }
                if case .failure(let error) = state.end { return .failure(error) }
                state.headWaiter = continuation
                return nil
            }
            if let known { continuation.resume(with: known) }
        }
    }

    /// Waits for bytes of the body; returns `nil` at its end.
    ///
    /// `resume` is called if the transfer was paused and can resume.
    ///
    /// - Throws: The error of the transfer.
    func next(resume: () -> Void) async throws -> [UInt8]? {
        if let known = state.withLock({ $0.read() }) { return try known.get(resume) }
        return try await withCheckedThrowingContinuation { continuation in
            let known = state.withLock { state -> ResponseChannelState.ReadResult? in
                if let known = state.read() { return known }
                precondition(state.reader == nil, "a body can have only one reader")
                state.reader = continuation
                return nil
            }
            if let known { continuation.resume(with: Result { try known.get(resume) }) }
        }
    }
}

/// The state of a ``ResponseChannel``: the received data, and the waiting reader.
struct ResponseChannelState {
    typealias HeadWaiter = CheckedContinuation<ResponseHead, any Error>
    typealias Reader = CheckedContinuation<[UInt8]?, any Error>

    let reservation: Int
    var head: ResponseHead?
    var headWaiter: HeadWaiter?
    var buffer: [UInt8] = []
    /// A Boolean value that indicates whether the transfer is paused until the buffer is read.
    var isPaused = false
    var reader: Reader?
    var end: Result<Void, any Error>?

    init(reservation: Int) {
        self.reservation = reservation
    }

    /// Bytes or the end, for a reader that does not have to wait.
    struct ReadResult {
        let result: Result<[UInt8]?, any Error>
        let wasPaused: Bool

        /// Returns the bytes, after calling `resume` if the transfer was paused.
        func get(_ resume: () -> Void) throws -> [UInt8]? {
            if wasPaused { resume() }
            return try result.get()
        }
    }

    /// A waiting reader with its result.
    struct ReaderResumption {
        let reader: Reader
        let result: Result<[UInt8]?, any Error>

        func resume() { reader.resume(with: result) }
    }

    /// Takes all bytes or the end; `nil` if neither is available.
    mutating func read() -> ReadResult? {
        guard buffer.isEmpty else {
            defer {
                buffer = []
                isPaused = false
            }
            return ReadResult(result: .success(buffer), wasPaused: isPaused)
        }
        return end.map { end in ReadResult(result: end.map { nil }, wasPaused: false) }
    }

    /// Takes the waiting reader if there is a result for it.
    mutating func takeReader() -> ReaderResumption? {
        guard let reader, let known = read() else { return nil }
        self.reader = nil
        return ReaderResumption(reader: reader, result: known.result)
    }
}

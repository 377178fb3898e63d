// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import Synchronization

/// The answer on its way from the loop's thread to the task that waits for it.
///
/// The body passes through one bounded buffer: the loop appends pieces of 16 KiB, the reader takes
/// all of it by taking the array. The first cause of an end is kept, later ones are consequences.
final class ResponseChannel: Sendable {
    /// A whole read of libcurl's own buffer fits in, so a reader is woken once for each of them.
    static let capacity = 256 * 1024

    private let state: Mutex<ResponseChannelState>

    /// Makes an answer that is still to come.
    ///
    /// - Parameter isBulk: whether the buffer is allocated at its full size at once.
    init(isBulk: Bool) {
        state = Mutex(ResponseChannelState(reservation: isBulk ? Self.capacity : 0))
    }

    /// Whether nothing more will come.
    var isOver: Bool { state.withLock { $0.end != nil } }

    // MARK: The loop's side

    /// Gives the head to who waits for it.
    func deliver(_ head: ResponseHead) {
        let waiter = state.withLock { state in
            state.head = head
            return state.headWaiter.take()
        }
        waiter?.resume(returning: head)
    }

    /// Adds a piece of the body where the whole piece fits, else notes that the transfer is paused.
    func append(_ piece: UnsafeRawBufferPointer) -> Bool {
        state.withLock { state in
            guard state.buffer.count + piece.count <= Self.capacity else {
                state.isPaused = true
                return false
            }
            if state.buffer.isEmpty { state.buffer.reserveCapacity(state.reservation) }
            unsafe state.buffer.append(contentsOf: piece)
            return true
        }
    }

    /// Whether a paused transfer may go on: its reader has taken what there was.
    var hasRoom: Bool { state.withLock { $0.buffer.isEmpty } }

    /// Gives the reader what has come, once for however many pieces it was.
    func wakeReader() {
        let waiters = state.withLock { $0.takeReader() }
        waiters?.resume()
    }

    /// Ends the answer: well, or with an error that the reader meets behind the bytes that came.
    ///
    /// - Returns: whether it was not over before.
    @discardableResult
    func finish(_ end: Result<Void, any Error>) -> Bool {
        let (isFirst, head, reader) = state.withLock { state in
            guard state.end == nil else {
                return (
                    false, nil as ResponseChannelState.HeadWaiter?,
                    nil as ResponseChannelState.Wakening?
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

    /// Ends the answer for a reader who is not interested any more: unread bytes are dropped.
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

    /// Waits for bytes of the body; nil at its end.
    ///
    /// `resume` is called where the transfer was paused and may now go on.
    ///
    /// - Throws: what ended the transfer.
    func next(resume: () -> Void) async throws -> [UInt8]? {
        if let known = state.withLock({ $0.read() }) { return try known.get(resume) }
        return try await withCheckedThrowingContinuation { continuation in
            let known = state.withLock { state -> ResponseChannelState.Known? in
                if let known = state.read() { return known }
                precondition(state.reader == nil, "a body has one reader at a time")
                state.reader = continuation
                return nil
            }
            if let known { continuation.resume(with: Result { try known.get(resume) }) }
        }
    }
}

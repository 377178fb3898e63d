// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// The input of a child process, written at the pace of the child.
public final class ChildInput: Sendable {
    private struct Queue: Sendable {
        var chunks: [[UInt8]] = []
        var byteCount = 0
        var isEnded = false
        /// A Boolean value that indicates whether the child has stopped reading.
        var isClosed = false
        var isAbandoned = false
        var wakeup: WakeupPipe?
    }

    enum Next {
        case bytes([UInt8])
        case nothingYet
        case end
    }

    /// The number of buffered bytes above which the writer waits.
    private static let capacity = 512 << 10

    private let queue: AsyncCondition<Queue>
    /// A Boolean value that indicates whether chunks are added while the child runs.
    let isStreamed: Bool

    /// Creates an input to which chunks are added.
    public init() {
        isStreamed = true
        queue = AsyncCondition(Queue())
    }

    /// Creates an input with its whole content.
    init(whole bytes: [UInt8]) {
        isStreamed = false
        queue = AsyncCondition(
            Queue(chunks: bytes.isEmpty ? [] : [bytes], byteCount: bytes.count, isEnded: true))
    }

    /// Adds a chunk, and waits while the buffer is full.
    ///
    /// Chunks that the child no longer reads are dropped without an error: its status has the
    /// reason.
    ///
    /// - Throws: `CancellationError`.
    public func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        let wakeup = try await queue.take { queue -> WakeupPipe?? in
            if queue.isClosed || queue.isEnded { return .some(nil) }
            guard queue.byteCount < Self.capacity else { return nil }
            queue.chunks.append(bytes)
            queue.byteCount += bytes.count
            return .some(queue.chunks.count == 1 ? queue.wakeup : nil)
        }
        wakeup?.send(.inputAvailable)
    }

    /// Ends the input.
    public func end() {
        let wakeup = queue.change { queue -> WakeupPipe? in
            guard !queue.isEnded else { return nil }
            queue.isEnded = true
            return queue.wakeup
        }
        wakeup?.send(.inputAvailable)
    }

    /// Waits until there is something to read, or the end of the input.
    ///
    /// - Throws: `CancellationError` also if the input is abandoned.
    public func waitUntilAvailable() async throws {
        let isAbandoned = try await queue.take { queue -> Bool? in
            queue.isAbandoned || !queue.chunks.isEmpty || queue.isEnded ? queue.isAbandoned : nil
        }
        if isAbandoned { throw CancellationError() }
    }

    /// Cancels the child that reads the input, or the one that would have read it.
    public func abandon() {
        let wakeup = queue.change { queue in
            queue.isAbandoned = true
            return queue.wakeup
        }
        wakeup?.send(.canceled)
        close()
    }

    /// Sets the pipe that wakes the thread when input is available.
    func attach(_ wakeup: WakeupPipe) {
        let isAbandoned = queue.change { queue in
            queue.wakeup = wakeup
            return queue.isAbandoned
        }
        if isAbandoned { wakeup.send(.canceled) }
    }

    /// Returns the next chunk.
    func next() -> Next {
        queue.change { queue in
            guard !queue.chunks.isEmpty else { return queue.isEnded ? .end : .nothingYet }
            let bytes = queue.chunks.removeFirst()
            queue.byteCount -= bytes.count
            return .bytes(bytes)
        }
    }

    /// Drops the remaining input, and resumes all writers.
    public func close() {
        queue.change {
            $0.isClosed = true
            $0.chunks = []
            $0.byteCount = 0
            $0.wakeup = nil
        }
    }
}

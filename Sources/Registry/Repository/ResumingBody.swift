// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP

/// A body of known size that is resumed after a transport error.
///
/// An attempt that received at least 64 KiB, or half of the missing bytes, made progress: the next
/// one follows at once, and attempts are counted from the start again.
struct ResumingBody: AsyncSequence, Sendable {
    /// The body of a response, with its offset in the whole body.
    struct Segment: Sendable {
        let start: Int
        let body: HTTPByteStream
    }

    let size: Int
    let operation: Operation
    let executor: RequestExecutor
    /// The offset of the first byte to return.
    let offset: Int
    let first: Segment
    /// Opens the body at an offset, or earlier if the server does not support ranges.
    let reopen: @Sendable (_ offset: Int) async throws -> Segment

    func makeAsyncIterator() -> Iterator {
        Iterator(self)
    }

    /// The number of bytes that make an attempt a success although it failed.
    static let progress = 64 << 10

    final class Iterator: AsyncIteratorProtocol {
        private let whole: ResumingBody
        private var segment: any AsyncIteratorProtocol<[UInt8], any Error>
        /// The offset of the next byte to return.
        private var offset: Int
        /// The number of bytes to skip because they were already returned.
        private var surplus: Int
        private var receivedCount = 0
        private var attempts: RetryAttempts

        init(_ whole: ResumingBody) {
            self.whole = whole
            self.segment = whole.first.body.makeAsyncIterator()
            self.offset = whole.offset
            self.surplus = whole.offset - whole.first.start
            self.attempts = RetryAttempts(of: whole.executor)
        }

        func next() async throws -> [UInt8]? {
            while true {
                do {
                    guard let chunk = try await segment.next(isolation: #isolation) else {
                        guard offset < whole.size else { return nil }
                        throw TransportError(
                            .interrupted, "the body ended after \(offset) of \(whole.size) bytes")
                    }
                    if let fresh = skipSurplus(chunk) { return fresh }
                } catch let error as TransportError {
                    // It may read credentials and write messages, which can block, and the executor
                    // of the task may be the thread of all connections.
                    try await withTaskExecutorPreference(globalConcurrentExecutor) {
                        try await resume(after: error)
                    }
                }
            }
        }

        private func skipSurplus(_ chunk: [UInt8]) -> [UInt8]? {
            let skipped = Swift.min(surplus, chunk.count)
            surplus -= skipped
            guard skipped < chunk.count else { return nil }
            let fresh = skipped == 0 ? chunk : Array(chunk[skipped...])
            offset += fresh.count
            receivedCount += fresh.count
            return fresh
        }

        private func resume(after error: TransportError) async throws {
            let missing = whole.size - (offset - receivedCount)
            let madeProgress = receivedCount >= Swift.min(ResumingBody.progress, (missing + 1) / 2)
            receivedCount = 0
            if madeProgress {
                // No wait: an unreliable connection does not improve with time.
                try Task.checkCancellation()
                attempts.restart()
            } else {
                let failure = RegistryError(whole.operation, error)
                guard try await attempts.waitForNext(after: failure) else { throw failure }
            }
            let next = try await whole.reopen(offset)
            segment = next.body.makeAsyncIterator()
            surplus = offset - next.start
        }
    }
}

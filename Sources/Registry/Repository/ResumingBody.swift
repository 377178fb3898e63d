// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP

/// A body of known size that goes on where it broke.
///
/// A part that brought at least 64 KiB, or half of what was missing, was worth asking for: the next
/// one is asked for at once, and the count of attempts starts anew.
struct ResumingBody: AsyncSequence, Sendable {
    /// An answer's body, and which byte of the whole it begins with.
    struct Part: Sendable {
        let start: Int
        let body: HTTPByteStream
    }

    let size: Int
    let operation: Operation
    let retrier: RetryExecutor
    let first: Part
    /// Opens the body at an offset; the part may begin earlier where a server knows no ranges.
    let reopen: @Sendable (_ offset: Int) async throws -> Part

    func makeAsyncIterator() -> Iterator {
        Iterator(self)
    }

    /// How many bytes make an attempt a success although it broke.
    static let progress = 64 << 10

    final class Iterator: AsyncIteratorProtocol {
        private let whole: ResumingBody
        private var part: any AsyncIteratorProtocol<[UInt8], any Error>
        /// Bytes of the whole that have been given.
        private var offset = 0
        /// Bytes of this part that were given before it was opened.
        private var surplus: Int
        private var gained = 0
        private var attempt = 1
        private var start: Duration

        init(_ whole: ResumingBody) {
            self.whole = whole
            self.part = whole.first.body.makeAsyncIterator()
            self.surplus = 0
            self.start = whole.retrier.time.now()
        }

        func next() async throws -> [UInt8]? {
            while true {
                do {
                    guard let piece = try await part.next(isolation: #isolation) else {
                        guard offset < whole.size else { return nil }
                        throw TransportError(
                            .interrupted, "the body ended after \(offset) of \(whole.size) bytes")
                    }
                    if let fresh = skipSurplus(piece) { return fresh }
                } catch let error as TransportError {
                    try await resume(after: error)
                }
            }
        }

        private func skipSurplus(_ piece: [UInt8]) -> [UInt8]? {
            let skipped = Swift.min(surplus, piece.count)
            surplus -= skipped
            guard skipped < piece.count else { return nil }
            let fresh = skipped == 0 ? piece : Array(piece[skipped...])
            offset += fresh.count
            gained += fresh.count
            return fresh
        }

        private func resume(after error: TransportError) async throws {
            let missing = whole.size - (offset - gained)
            let madeHeadway = gained >= Swift.min(ResumingBody.progress, (missing + 1) / 2)
            gained = 0
            if madeHeadway {
                // Nothing to wait for: a way that breaks now and then is as good now as later.
                try Task.checkCancellation()
                attempt = 1
                start = whole.retrier.time.now()
            } else {
                let failure = RegistryError(whole.operation, error)
                guard
                    try await whole.retrier.waits(attempt: attempt, since: start, for: failure)
                else { throw failure }
                attempt += 1
            }
            let next = try await whole.reopen(offset)
            part = next.body.makeAsyncIterator()
            surplus = offset - next.start
        }
    }
}

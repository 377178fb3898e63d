// SPDX-License-Identifier: Apache-2.0

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

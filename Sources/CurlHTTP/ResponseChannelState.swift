// SPDX-License-Identifier: Apache-2.0

/// What an ``ResponseChannel`` guards: the parts that have come, and who waits for the next.
struct ResponseChannelState {
    typealias HeadWaiter = CheckedContinuation<ResponseHead, any Error>
    typealias Reader = CheckedContinuation<[UInt8]?, any Error>

    let reservation: Int
    var head: ResponseHead?
    var headWaiter: HeadWaiter?
    var buffer: [UInt8] = []
    /// Whether the loop waits for the buffer to be taken.
    var isPaused = false
    var reader: Reader?
    var end: Result<Void, any Error>?

    init(reservation: Int) {
        self.reservation = reservation
    }

    /// Bytes or the end, for a reader who need not wait.
    struct Known {
        let result: Result<[UInt8]?, any Error>
        let wasPaused: Bool

        /// Returns the bytes, after `resume` where the transfer may now go on.
        func get(_ resume: () -> Void) throws -> [UInt8]? {
            if wasPaused { resume() }
            return try result.get()
        }
    }

    /// A reader, and what it waited for.
    struct Wakening {
        let reader: Reader
        let result: Result<[UInt8]?, any Error>

        func resume() { reader.resume(with: result) }
    }

    /// Takes all bytes, or sees the end; nil where neither has come.
    mutating func read() -> Known? {
        guard buffer.isEmpty else {
            defer {
                buffer = []
                isPaused = false
            }
            return Known(result: .success(buffer), wasPaused: isPaused)
        }
        return end.map { end in Known(result: end.map { nil }, wasPaused: false) }
    }

    /// Takes the reader where there is something for it.
    mutating func takeReader() -> Wakening? {
        guard let reader, let known = read() else { return nil }
        self.reader = nil
        return Wakening(reader: reader, result: known.result)
    }
}

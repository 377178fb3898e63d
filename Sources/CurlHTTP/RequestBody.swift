// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The body of a request, as the event loop's thread reads it.
struct RequestBody {
    private enum Source {
        case none
        case bytes([UInt8])
        case queue(UploadQueue)
    }

    /// The number of bytes to send; `nil` if the request has no body, not even an empty one.
    let length: Int64?
    private let source: Source
    private var readCount: Int64 = 0
    private let isBulk: Bool

    init(_ exchange: HTTPExchange) {
        isBulk = exchange.request.isBulk
        switch exchange.request.body {
        case .none:
            source = .none
            // Source: RFC 9110 §8.6: a method that anticipates content sends the length 0.
            length =
                switch exchange.request.method {
                case .post, .put, .patch: 0
                case .get, .head, .delete: nil
                }
        case .bytes(let bytes):
            source = .bytes(bytes)
            length = Int64(bytes.count)
        case .stream(let count, _):
            source = exchange.upload.map { .queue($0) } ?? .none
            length = Int64(count)
        }
    }

    /// A Boolean value that indicates whether libcurl has read every byte.
    var isSent: Bool { readCount == length ?? 0 }

    /// Copies the next bytes, up to the size of the buffer.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> UploadQueue.ReadResult {
        guard !isSent else { return .bytes(0) }
        let reading: UploadQueue.ReadResult
        switch source {
        case .none: reading = .ended
        case .queue(let queue): reading = unsafe queue.read(into: buffer)
        case .bytes(let bytes):
            let rest = bytes.dropFirst(Int(readCount))
            let count = min(rest.count, buffer.count)
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                .copyBytes(from: rest.prefix(count))
            reading = .bytes(count)
        }
        if case .bytes(let count) = reading { readCount += Int64(count) }
        return reading
    }

    /// Rewinds to the first byte, if it is still available.
    ///
    /// A blob is not retried on another connection after a part of it: the registry may have stored
    /// that part, and would add the whole to it.
    mutating func rewind() -> Bool {
        if readCount > 0 {
            if isBulk { return false }
            if case .queue = source { return false }
        }
        readCount = 0
        return true
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP

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

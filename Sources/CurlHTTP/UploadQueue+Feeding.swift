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
    /// - Throws: The error of the stream, or ``TransportError`` if its length differs.
    func feed(
        _ stream: HTTPByteStream, length: Int, resume: () -> Void
    ) async throws {
        var count = 0
        var last: [UInt8]?
        var hasStarted = false
        func pass(_ piece: [UInt8]) async -> Bool {
            guard await push(piece, resume: resume) else { return false }
            if !hasStarted { resume() }
            hasStarted = true
            return true
        }
        for try await piece in stream where !piece.isEmpty {
            count += piece.count
            guard count <= length else {
                throw TransportError(.tooLarge, "the body to send has more than \(length) bytes")
            }
            if count == length {
                last = piece
            } else if await !pass(piece) {
                return
            }
        }
        guard count == length else {
            throw TransportError(
                .interrupted, "the body to send ended after \(count) of \(length) bytes")
        }
        if await !pass(last ?? []) { return }
    }
}

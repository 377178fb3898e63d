// SPDX-License-Identifier: Apache-2.0

internal import HTTP

extension UploadQueue {
    /// Passes a whole stream on, which must have exactly `length` bytes.
    ///
    /// The piece that completes the length is held back until the stream has ended, so a body that
    /// turns out to be too long, or that its source disowns at the end, was never sent whole.
    ///
    /// `resume` is called when the first bytes are there, and again where the transfer was paused.
    ///
    /// - Throws: what the stream threw, or ``TransportError`` where its length is another.
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

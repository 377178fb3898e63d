// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The head of an answer, collected line by line.
///
/// libcurl gives every line of every block: interim ones (1xx) come before the one that counts, and
/// trailers after it. Both are left out, but what they weigh is bounded with the rest.
struct ResponseHead {
    static let byteLimit = 64 * 1024
    static let fieldLimit = 256

    private(set) var status = 0
    private(set) var fields: HTTPFields = [:]
    /// Who gives the answer, where that is seen.
    var peer: IPAddress?
    /// The bytes of all lines so far.
    private(set) var byteCount = 0
    /// Whether the block that counts has ended.
    private(set) var isComplete = false

    /// Adds a line with its line end.
    ///
    /// - Throws: `malformed` where it is too much, no HTTP, or contradicts itself.
    mutating func append(_ bytes: some Collection<UInt8>) throws(TransportError) {
        byteCount += bytes.count
        guard byteCount <= Self.byteLimit else {
            throw TransportError(
                .malformed, "the answer's header is larger than \(Self.byteLimit) bytes")
        }
        guard !isComplete else { return }
        let line = Self.withoutLineEnd(bytes)
        if line.isEmpty {
            isComplete = status >= 200
            if isComplete { try checkLengths() }
        } else if line.hasPrefix("HTTP/") {
            try start(statusLine: line)
        } else if let colon = line.firstIndex(of: ":") {
            // What is no field cannot be asked for by name either: it is left out.
            fields.appendIfValid(
                String(line[..<colon]), String(line[line.index(after: colon)...]))
            guard fields.fields.count <= Self.fieldLimit else {
                throw TransportError(
                    .malformed, "the answer has more than \(Self.fieldLimit) header fields")
            }
        }
    }

    /// Source: RFC 9112 §4, where the reason may be missing, as it is in HTTP/2.
    private mutating func start(statusLine: String) throws(TransportError) {
        let words = statusLine.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[1].utf8.count == 3, let status = Int(words[1]), status >= 100
        else { throw TransportError(.malformed, "the answer has no status") }
        self.status = status
        fields = [:]
    }

    /// Refuses two lengths, as recipients differ in which of them they go by.
    ///
    /// Source: RFC 9112 §6.3, item 5.
    private func checkLengths() throws(TransportError) {
        guard Set(fields.values("content-length")).count <= 1 else {
            throw TransportError(.malformed, "the answer states two different lengths")
        }
    }

    private static func withoutLineEnd(_ bytes: some Collection<UInt8>) -> String {
        var line = Array(bytes)
        while let last = line.last, last == 0x0A || last == 0x0D { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The head of a response, parsed line by line.
///
/// libcurl delivers every line of every block: interim responses (1xx) before the final one, and
/// trailers after it. Both are skipped, but their size counts toward the limit.
struct ResponseHead {
    static let byteLimit = 64 * 1024
    static let fieldLimit = 256

    private(set) var status = 0
    private(set) var fields: HTTPFields = [:]
    /// The origin or proxy that responds, if known.
    var peer: IPAddress?
    /// The size of all lines in bytes.
    private(set) var byteCount = 0
    /// A Boolean value that indicates whether the final head is complete.
    private(set) var isComplete = false

    /// Adds a line with its line terminator.
    ///
    /// - Throws: `malformed` if the head is too large, is not HTTP, or contradicts itself.
    mutating func append(_ bytes: some BidirectionalCollection<UInt8>) throws(TransportError) {
        byteCount += bytes.count
        guard byteCount <= Self.byteLimit else {
            throw TransportError(
                .malformed, "response header larger than \(Self.byteLimit) bytes")
        }
        guard !isComplete else { return }
        let line = Self.withoutLineEnd(bytes)
        if line.isEmpty {
            isComplete = status >= 200
            if isComplete { try checkLengths() }
        } else if line.starts(with: "HTTP/".utf8) {
            try start(statusLine: String(decoding: line, as: UTF8.self))
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            // A line that is not a valid field cannot be looked up by name, so it is skipped.
            fields.appendIfValid(
                String(decoding: line[..<colon], as: UTF8.self),
                String(
                    decoding: line[colon...].dropFirst().drop { $0 == 0x20 || $0 == 0x09 },
                    as: UTF8.self))
            guard fields.fields.count <= Self.fieldLimit else {
                throw TransportError(
                    .malformed, "response has more than \(Self.fieldLimit) header fields")
            }
        }
    }

    /// Source: RFC 9112 §4; the reason phrase may be missing, as it is in HTTP/2.
    private mutating func start(statusLine: String) throws(TransportError) {
        let words = statusLine.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[1].utf8.count == 3, let status = Int(words[1]), status >= 100
        else { throw TransportError(.malformed, "response has no status") }
        self.status = status
        fields = [:]
    }

    /// Rejects different lengths, since recipients differ in which of them they use.
    ///
    /// Source: RFC 9112 §6.3, item 5.
    private func checkLengths() throws(TransportError) {
        guard Set(fields.values("content-length")).count <= 1 else {
            throw TransportError(.malformed, "response states two different lengths")
        }
    }

    private static func withoutLineEnd<Bytes: BidirectionalCollection<UInt8>>(
        _ bytes: Bytes
    ) -> Bytes.SubSequence {
        var line = bytes[...]
        while let last = line.last, last == 0x0A || last == 0x0D { line = line.dropLast() }
        return line
    }
}

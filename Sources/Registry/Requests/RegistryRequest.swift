// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP

/// A request to a registry before anything is decided about credentials, redirects and attempts.
struct RegistryRequest: Sendable {
    /// What is sent.
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Bytes that are opened anew for each attempt.
        case stream(length: Int, open: @Sendable () async throws -> ByteStream)
    }

    let operation: Operation
    let method: HTTPMethod
    /// Where it goes first.
    let url: HTTPURL
    var fields: HTTPFields = [:]
    var body = Body.none
    /// The statuses that are answers; all others are rejections.
    let accepted: Set<Int>
    /// Whether the body, in either direction, may be large.
    var isBulk = false
    /// A Boolean value that indicates whether the requested content may itself be a web page.
    var mayBeWebPage = false
    /// The longest wait for the answer's first byte, where it differs from the usual one.
    var firstByte: Duration?

    /// Returns the time limits of the request: a total one for metadata, longer for what must be stored
    /// first, and none for bodies that may be large.
    func limits(_ usual: HTTPTimeouts) -> HTTPTimeouts {
        var limits = usual
        if let firstByte {
            limits.firstByte = firstByte
            limits.total = usual.total.map { $0 + firstByte }
        }
        if isBulk { limits.total = nil }
        return limits
    }

    /// Whether a redirect would send the body again, to another place.
    var writes: Bool { method != .get && method != .head }

    /// How many bytes of content it sends.
    var bodyLength: Int {
        switch body {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .stream(let length, _): length
        }
    }

    /// Whether the body comes from somewhere else and may take as long as that takes.
    var streamsBody: Bool {
        if case .stream = body { true } else { false }
    }
}

/// An answer that its call hoped for.
struct RegistryResponse: Sendable {
    let status: Int
    let fields: HTTPFields
    /// Where it came from, against which its `Location` is resolved.
    let url: HTTPURL
    let body: HTTPByteStream

    /// Reads the whole body.
    func collect(limit: Int) async throws -> [UInt8] {
        try await HTTPResponse(status: status, fields: fields, body: body).collect(limit: limit)
    }
}

/// What a request's body came from failed, not the request.
struct UploadSourceError: Error {
    let cause: any Error
}

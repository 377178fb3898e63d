// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// A request method that the distribution protocol uses.
public enum HTTPMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// A stream of byte arrays of up to some hundred KiB, read once at the consumer's pace.
public typealias HTTPByteStream = any AsyncSequence<[UInt8], any Error> & Sendable

/// The body of a request.
public enum HTTPBody: Sendable {
    /// No body, and no `Content-Length` unless the method requires one.
    case none
    /// Bytes in memory.
    case bytes([UInt8])
    /// A stream of exactly `length` bytes.
    ///
    /// A transport may read it on the thread of all its requests, so it must not block for long.
    case stream(length: Int, HTTPByteStream)
}

/// The time limits of an exchange: of each phase and, where it is small, of the whole.
public struct HTTPTimeouts: Hashable, Sendable {
    /// From the start to an established connection.
    public var connect: Duration
    /// From the end of the request to the first byte of the response.
    public var firstByte: Duration
    /// Between two bytes of a body, in either direction, while this side is ready for them.
    public var idle: Duration
    /// From the start to the end of the response; `nil` for a transfer that may take as long as its bytes
    /// keep moving.
    public var total: Duration?
    /// From the head of a response with a status of 300 or more to the end of its body, which only
    /// explains the status.
    public var explanation: Duration

    /// Creates time limits.
    ///
    /// - Parameters:
    ///   - connect: The limit up to an established connection.
    ///   - firstByte: The limit up to the first byte of the response; by default that of `idle`.
    ///   - idle: The limit between two bytes of a body.
    ///   - total: The limit of the whole exchange.
    ///   - explanation: The time limit of the body of an error response.
    public init(
        connect: Duration = .seconds(15), firstByte: Duration? = nil,
        idle: Duration = .seconds(30), total: Duration? = nil,
        explanation: Duration = .seconds(60)
    ) {
        self.connect = connect
        self.firstByte = firstByte ?? idle
        self.idle = idle
        self.total = total
        self.explanation = explanation
    }
}

/// A request.
///
/// It is built from scratch for every hop, so nothing of an earlier hop can leak into it.
public struct HTTPRequest: Sendable {
    /// The method.
    public var method: HTTPMethod
    /// The URL of the request.
    public var url: HTTPURL
    /// The header fields except `Authorization`.
    public var fields: HTTPFields
    /// The value of `Authorization`.
    public var authorization: Secret?
    /// The body.
    public var body: HTTPBody
    /// A Boolean value that indicates whether the request or response body may be large.
    ///
    /// Large bodies use HTTP/1.1, whose
    /// back-pressure is TCP's (libcurl buffers up to 32 MiB of a paused HTTP/2 stream).
    public var isBulk: Bool
    /// The length in bytes of the body that may be large, if it is known; buffers need not be
    /// larger.
    public var expectedLength: Int?
    /// The time limits.
    public var timeouts: HTTPTimeouts
    /// The addresses that the request may connect to.
    public var addressScope: AddressScope

    /// Creates a request.
    public init(
        _ method: HTTPMethod, _ url: HTTPURL, fields: HTTPFields = [:],
        authorization: Secret? = nil, body: HTTPBody = .none, isBulk: Bool = false,
        expectedLength: Int? = nil, timeouts: HTTPTimeouts = HTTPTimeouts(),
        addressScope: AddressScope = .anywhere
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.authorization = authorization
        self.body = body
        self.isBulk = isBulk
        self.expectedLength = expectedLength
        self.timeouts = timeouts
        self.addressScope = addressScope
    }
}

/// A response with a streamed body.
public struct HTTPResponse: Sendable {
    /// The status code.
    public let status: Int
    /// The header fields.
    public let fields: HTTPFields
    /// The body, which can be read once.
    ///
    /// Dropping it unread ends the exchange.
    public let body: HTTPByteStream
    /// The address of the server, or `nil` if it is unknown or the request went through a proxy.
    public let peer: IPAddress?

    /// Creates a response.
    public init(
        status: Int, fields: HTTPFields, body: HTTPByteStream, peer: IPAddress? = nil
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.peer = peer
    }

    /// Reads the whole body.
    ///
    /// - Throws: ``TransportError`` of kind `tooLarge` after `limit` bytes, whatever the headers
    ///   state, or the error that ended the transfer.
    public func collect(limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in body {
            guard bytes.count + piece.count <= limit else {
                throw TransportError(.tooLarge, "the response is larger than \(limit) bytes")
            }
            bytes.append(contentsOf: piece)
        }
        return bytes
    }
}

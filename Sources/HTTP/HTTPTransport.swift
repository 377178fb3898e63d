// SPDX-License-Identifier: Apache-2.0

/// Sends requests to servers and returns their responses.
public protocol HTTPTransport: Sendable {
    /// Sends one request and returns once the head of its response has arrived.
    ///
    /// It follows no redirects, adds no credentials, stores no cookies and keeps no state between
    /// requests except connections. Canceling the task, or dropping the response body, ends the
    /// exchange.
    ///
    /// - Throws: ``TransportError``, `CancellationError`, or the error of the request's body.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}

/// An exchange that ended without a complete response.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure, as the retry policy distinguishes them.
    public enum Kind: String, Sendable {
        /// The host name could not be resolved.
        case resolve
        /// The connection failed, or was not established in time.
        case connect
        /// The certificate was rejected, or the TLS handshake failed.
        case tls
        /// The certificate is for another host.
        case certificateName
        /// The certificate has expired, or is not valid yet.
        case certificateTime
        /// The peer responded to the TLS handshake with something other than TLS.
        case notTLS
        /// The connection broke before the end of the response.
        case interrupted
        /// A phase after the connection, or the whole exchange, exceeded its time limit.
        case timeout
        /// The peer sent something other than HTTP, or too many header bytes.
        case malformed
        /// The body is larger than the limit.
        case tooLarge
        /// The scheme or proxy is not permitted.
        case refused
        /// The address is outside the permitted scope.
        case outOfReach
        /// The host failed too often, so nothing more is sent to it in this run.
        case givenUp
    }

    /// The kind of failure.
    public let kind: Kind
    /// The message, without URLs and secrets.
    public let message: String
    /// The proxy that could not be used, without its credentials; `nil` for every other failure.
    public let proxy: String?
    /// The kind of the failure for which the host was given up.
    public let cause: Kind?

    /// Creates an error.
    public init(_ kind: Kind, _ message: String, proxy: String? = nil, cause: Kind? = nil) {
        self.kind = kind
        self.message = message
        self.proxy = proxy
        self.cause = cause
    }

    /// The message.
    public var description: String { message }
}

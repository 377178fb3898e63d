// SPDX-License-Identifier: Apache-2.0

/// Something that carries requests to servers and brings answers back.
public protocol HTTPTransport: Sendable {
    /// Sends one request and returns once the head of its answer is here.
    ///
    /// It follows no redirect, adds no credential, stores no cookie and keeps nothing between two
    /// requests but connections. Cancelling the task, or dropping the answer's body, ends the exchange.
    ///
    /// - Throws: ``TransportError``, or `CancellationError`, or what the request's body threw.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}

/// An exchange that ended without a whole answer.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, as far as a decision depends on it.
    public enum Kind: String, Sendable {
        /// The host's name has no address.
        case resolve
        /// No connection came about.
        case connect
        /// The certificate or the handshake was refused.
        case tls
        /// The connection broke before the end.
        case interrupted
        /// A phase took longer than its limit.
        case timeout
        /// The peer sent what is not HTTP, or more header than is read.
        case malformed
        /// The body is larger than its reader allows.
        case tooLarge
        /// The scheme or proxy must not be used.
        case refused
        /// The address is none to which a server may lead this machine.
        case outOfReach
    }

    /// What went wrong, as far as a decision depends on it.
    public let kind: Kind
    /// The same in words, without URL and secrets.
    public let message: String

    /// Makes an error.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The message.
    public var description: String { message }
}

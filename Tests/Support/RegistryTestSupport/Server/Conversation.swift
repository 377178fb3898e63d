// SPDX-License-Identifier: Apache-2.0

/// The handler of the requests of a ``LoopbackServer``.
///
/// Called on the threads of connections.
protocol LoopbackService: AnyObject, Sendable {
    /// Begins a request whose head was received.
    func open(_ request: RecordedRequest) -> any Conversation
}

/// A request and its response.
///
/// All calls are made on the connection's thread, in this order.
protocol Conversation: AnyObject {
    /// A Boolean value that indicates whether the response is sent before the body is read.
    var answersEarly: Bool { get }
    /// Receives a chunk of the request's body; returns `false` to close the connection.
    func receive(_ bytes: [UInt8]) -> Bool
    /// Returns the response to the complete request, or `nil` to close the connection.
    func answer() -> ScriptedResponse?
    /// Records that bytes of the response's body were handed to the socket.
    func sent(_ count: Int, isLast: Bool)
    /// Records that the request is complete, whether or not it succeeded.
    func close()
}

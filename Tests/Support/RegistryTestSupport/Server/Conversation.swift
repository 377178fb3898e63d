// SPDX-License-Identifier: Apache-2.0

/// Whatever answers the requests of a ``LoopbackServer``.
///
/// Called from the threads of connections.
protocol LoopbackService: AnyObject, Sendable {
    /// Begins with a request whose head has arrived.
    func open(_ request: RecordedRequest) -> any Conversation
}

/// One request and its answer.
///
/// All calls come from the connection's thread, in this order.
protocol Conversation: AnyObject {
    /// Whether the answer is sent as soon as the head has arrived, with the body unread.
    var answersEarly: Bool { get }
    /// Takes a piece of the request's body; returns false to drop the connection.
    func receive(_ bytes: [UInt8]) -> Bool
    /// Answers the request, whose body is complete; returns nil to drop the connection.
    func answer() -> Reply?
    /// Learns that bytes of the answer's body were handed to the socket.
    func sent(_ count: Int, isLast: Bool)
    /// Learns that the request is over, whatever came of it.
    func close()
}

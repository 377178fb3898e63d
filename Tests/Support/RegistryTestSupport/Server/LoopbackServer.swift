// SPDX-License-Identifier: Apache-2.0

internal import CMicrohttpd
internal import AsyncPrimitives

/// A certificate and its key as PEM text, for TLS.
public struct ServerCertificate: Sendable {
    /// The certificate.
    public let certificate: String
    /// The private key.
    public let key: String

    /// Creates a pair of certificate and key.
    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// An HTTP/1.1 server on a free port of 127.0.0.1, with one thread for each connection.
///
/// The server owns the daemon; its service must not own it, so that the last reference is
/// never released on a thread that ``stop()`` waits for.
final class LoopbackServer: Sendable {
    /// The port that the kernel picked.
    let port: UInt16
    private let daemon: Mutex<Daemon?>

    /// The daemon and the reference to the service that its callbacks use.
    ///
    /// The daemon can be used on any thread; the mutex ensures that it is stopped once.
    @safe
    private struct Daemon: @unchecked Sendable {
        let handle: OpaquePointer
        let service: Unmanaged<ServiceBox>
    }

    /// Starts listening.
    init(
        _ service: any LoopbackService, certificate: ServerCertificate? = nil,
        port wanted: UInt16 = 0
    ) {
        let box = unsafe Unmanaged.passRetained(ServiceBox(service))
        let handle = unsafe mhd_start_on_loopback(
            handleAccess, openExchange, completeExchange, box.toOpaque(), wanted,
            certificate?.key, certificate?.certificate)
        guard let handle = unsafe handle else {
            preconditionFailure("a loopback server could not listen; is a descriptor left?")
        }
        port = unsafe mhd_port(handle)
        daemon = unsafe Mutex(Daemon(handle: handle, service: box))
    }

    /// Closes all connections and waits until no handler runs.
    ///
    /// Handlers must not be blocked.
    func stop() {
        guard let daemon = daemon.withLock({ $0.take() }) else { return }
        unsafe MHD_stop_daemon(daemon.handle)
        unsafe daemon.service.release()
    }

    deinit {
        stop()
    }
}

/// The context of the callbacks.
final class ServiceBox: Sendable {
    let service: any LoopbackService

    init(_ service: any LoopbackService) { self.service = service }
}

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

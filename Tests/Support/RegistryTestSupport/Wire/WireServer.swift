// SPDX-License-Identifier: Apache-2.0

// The module of the socket address types.
internal import CMicrohttpd
internal import Glibc
internal import AsyncPrimitives

/// A TCP server on 127.0.0.1 that sends exactly the bytes that a test specifies, valid or not.
///
/// A script runs on a separate thread for each connection and can block. Stopping or releasing the
/// server closes every connection and so ends every script.
public final class WireServer: Sendable {
    /// The handler of a connection; its errors only end the connection.
    public typealias Script = @Sendable (WireConnection) throws(WireClosed) -> Void

    /// The port of the server.
    public let port: UInt16
    private let shared: Shared
    private let script: Script

    /// The state that the threads share.
    final class Shared: Sendable {
        struct State {
            var heads: [WireHead] = []
            var open: Set<Int32> = []
            var accepted = 0
            var isStopped = false
        }
        let state = Mutex(State())
    }

    /// Starts a server at 127.0.0.`number`, on a free port unless one is given.
    ///
    /// - Throws: ``WireClosed`` if no port is available.
    public init(
        at number: UInt8 = 1, port: UInt16 = 0, _ script: @escaping Script
    ) throws(WireClosed) {
        let listener: Int32
        (listener, self.port) = try Self.listen(at: number, port: port)
        let shared = Shared()
        self.shared = shared
        self.script = script
        shared.state.withLock { _ = $0.open.insert(listener) }
        WireThread.start { Self.serve(listener, shared, script) }
    }

    deinit {
        stop()
    }

    /// The heads of all requests that scripts have read, in their order.
    public var requests: [WireHead] { shared.state.withLock { $0.heads } }

    /// The number of accepted connections.
    public var connectionCount: Int { shared.state.withLock { $0.accepted } }

    /// Closes all connections and stops listening.
    public func stop() {
        shared.state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Starts a server with the same script on the same port, after this one is stopped.
    func again() throws(WireClosed) -> WireServer { try WireServer(port: port, script) }

    /// Opens a listening socket on a free or given port of 127.0.0.`number`, for another server.
    ///
    /// - Returns: The socket, which the caller closes, and the port.
    /// - Throws: ``WireClosed`` if no port is available.
    public static func listen(
        at number: UInt8 = 1, port: UInt16 = 0
    ) throws(WireClosed) -> (socket: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var isReusable: Int32 = 1
        unsafe setsockopt(
            listener, SOL_SOCKET, SO_REUSEADDR, &isReusable, socklen_t(MemoryLayout<Int32>.size))
        var address = Self.address(number, port)
        var length = socklen_t(MemoryLayout<sockaddr>.size)
        guard unsafe bind(listener, &address, length) == 0, Glibc.listen(listener, 128) == 0,
            unsafe getsockname(listener, &address, &length) == 0
        else { throw WireClosed() }
        let high = UInt16(UInt8(bitPattern: address.sa_data.0))
        return (listener, high << 8 | UInt16(UInt8(bitPattern: address.sa_data.1)))
    }

    /// Returns an IPv4 address as bytes: the port, 0 for a free one, and 127.0.0.`number`.
    static func address(_ number: UInt8, _ port: UInt16) -> sockaddr {
        sockaddr(
            sa_family: sa_family_t(AF_INET),
            sa_data: (
                CChar(truncatingIfNeeded: port >> 8), CChar(truncatingIfNeeded: port), 127, 0, 0,
                CChar(bitPattern: number), 0, 0, 0, 0, 0, 0, 0, 0
            ))
    }

    private static func serve(_ listener: Int32, _ shared: Shared, _ script: @escaping Script) {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let isWanted = shared.state.withLock { state in
                guard !state.isStopped else { return false }
                state.accepted += 1
                state.open.insert(descriptor)
                return true
            }
            guard isWanted else {
                close(descriptor)
                continue
            }
            WireThread.start {
                let connection = WireConnection(descriptor, shared)
                try? script(connection)
                shared.state.withLock { _ = $0.open.remove(descriptor) }
                close(descriptor)
            }
        }
        shared.state.withLock { _ = $0.open.remove(listener) }
        close(listener)
    }
}

/// The peer closed the connection, or the server was stopped.
public struct WireClosed: Error {
    /// Creates the error.
    public init() {}
}

/// Runs scripts that block on detached threads.
enum WireThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
        let result = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        precondition(result == 0, "the system has a thread for the test")
        pthread_detach(thread)
    }
}

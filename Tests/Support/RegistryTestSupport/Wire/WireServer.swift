// SPDX-License-Identifier: Apache-2.0

// The module that the types of socket addresses count as part of.
internal import CMicrohttpd
internal import Glibc
internal import Synchronization

/// A TCP server on 127.0.0.1 that says exactly the bytes a test wants, however wrong they are.
///
/// A script runs on a thread of its own for each connection and blocks as it likes; stopping the
/// server, or releasing it, breaks every connection and so ends every script.
public final class WireServer: Sendable {
    /// What a server does with a connection; its errors end the connection and nothing else.
    public typealias Script = @Sendable (WireConnection) throws(WireClosed) -> Void

    /// The port that it listens on.
    public let port: UInt16
    private let shared: Shared
    private let script: Script

    /// The parts that the threads hold on to.
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
    /// - Throws: ``WireClosed`` where the system has no port.
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

    /// The heads of all requests that scripts have read, in the order in which they came.
    public var requests: [WireHead] { shared.state.withLock { $0.heads } }

    /// How many connections were accepted.
    public var connectionCount: Int { shared.state.withLock { $0.accepted } }

    /// Breaks every connection, and takes no more.
    public func stop() {
        shared.state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Starts a server with the same script on the same port, once this one is stopped.
    func again() throws(WireClosed) -> WireServer { try WireServer(port: port, script) }

    /// Opens a socket that listens on a free port, or a given one, of 127.0.0.`number`, for any server to take over.
    ///
    /// - Returns: the socket, which the caller closes, and the port.
    /// - Throws: ``WireClosed`` where the system has no port.
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

    /// An IPv4 address as its bytes: the port, which 0 leaves to the system, and 127.0.0.`number`.
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

/// The other side is gone, or the server was stopped.
public struct WireClosed: Error {
    /// Makes the error.
    public init() {}
}

/// Detached threads, for scripts that block.
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

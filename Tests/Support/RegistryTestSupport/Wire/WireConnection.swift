// SPDX-License-Identifier: Apache-2.0

internal import CMicrohttpd
internal import Glibc
internal import AsyncPrimitives

/// The head of a request as it was received.
public struct WireHead: Hashable, Sendable {
    /// All lines up to the empty one, without line ends.
    public let lines: [String]

    /// The request line.
    public var requestLine: String { lines.first ?? "" }

    /// Returns the values of a field, whose name is in lower case.
    public func values(_ name: String) -> [String] {
        lines.dropFirst().compactMap { line in
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name
            else { return nil }
            return String(line[line.index(after: colon)...].drop { $0 == " " })
        }
    }

    /// The length of the body according to the head.
    public var contentLength: Int { values("content-length").first.flatMap { Int($0) } ?? 0 }
}

/// The server's end of a connection.
///
/// All calls block, and throw after the connection is broken.
public final class WireConnection {
    private let descriptor: Int32
    private let shared: WireServer.Shared
    private var unread: [UInt8] = []

    init(_ descriptor: Int32, _ shared: WireServer.Shared) {
        self.descriptor = descriptor
        self.shared = shared
    }

    /// Reads and records the head of a request.
    @discardableResult
    public func readHead() throws(WireClosed) -> WireHead {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = unread.firstRange(of: end) {
                let text = String(decoding: unread[..<range.lowerBound], as: UTF8.self)
                unread.removeSubrange(..<range.upperBound)
                let head = WireHead(lines: text.split(separator: "\r\n").map { String($0) })
                shared.state.withLock { $0.heads.append(head) }
                return head
            }
            unread += try readSome()
            // A TLS client would wait for a response.
            guard unread.first != 0x16 else { throw WireClosed() }
        }
    }

    /// Reads a number of bytes.
    public func read(_ count: Int) throws(WireClosed) -> [UInt8] {
        while unread.count < count { unread += try readSome() }
        defer { unread.removeFirst(count) }
        return Array(unread.prefix(count))
    }

    /// Reads some bytes, at least one.
    func readSome(atMost limit: Int) throws(WireClosed) -> [UInt8] {
        if unread.isEmpty { unread = try readSome() }
        defer { unread = Array(unread.dropFirst(limit)) }
        return Array(unread.prefix(limit))
    }

    /// Reads a line without its end.
    func readLine() throws(WireClosed) -> String {
        let end = Array("\r\n".utf8)
        while true {
            if let range = unread.firstRange(of: end) {
                defer { unread.removeSubrange(..<range.upperBound) }
                return String(decoding: unread[..<range.lowerBound], as: UTF8.self)
            }
            unread += try readSome()
        }
    }

    /// Reads a number of bytes and discards them, passing each chunk to `look`.
    public func skip(_ count: Int, look: ([UInt8]) -> Void = { _ in }) throws(WireClosed) {
        var rest = count
        while rest > 0 {
            let piece = unread.isEmpty ? try readSome() : unread
            unread = Array(piece.dropFirst(rest))
            look(Array(piece.prefix(rest)))
            rest -= min(rest, piece.count)
        }
    }

    /// Discards all bytes until the peer closes the connection.
    public func waitForClose() {
        while (try? readSome()) != nil {}
    }

    /// Sends text unchanged.
    public func send(_ text: String) throws(WireClosed) {
        try send(Array(text.utf8))
    }

    /// Sends bytes.
    public func send(_ bytes: [UInt8]) throws(WireClosed) {
        var sent = 0
        while sent < bytes.count { sent += try sendSome(bytes[sent...]) }
    }

    /// Sends a response with its length.
    public func answer(
        _ status: String, _ fields: [String] = [], body: [UInt8] = []
    ) throws(WireClosed) {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.count)"] + fields
        try send(Array(lines.joined(separator: "\r\n").utf8) + Array("\r\n\r\n".utf8) + body)
    }

    /// Waits until one of two connections is readable or closed.
    ///
    /// - Returns: A Boolean value for each that indicates whether it is.
    static func wait(
        for first: WireConnection, or second: WireConnection
    ) -> (first: Bool, second: Bool) {
        func isReady(_ connection: WireConnection, _ query: pollfd) -> Bool {
            !connection.unread.isEmpty || query.revents != 0
        }
        var queries = [first, second].map {
            pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0)
        }
        let isWaiting = first.unread.isEmpty && second.unread.isEmpty
        _ = unsafe poll(&queries, 2, isWaiting ? -1 : 0)
        return (isReady(first, queries[0]), isReady(second, queries[1]))
    }

    /// Returns a Boolean value that indicates whether the peer blocks a send for a duration.
    public func isBlocked(forMilliseconds milliseconds: Int32) -> Bool {
        var query = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&query, 1, milliseconds) == 0
    }

    /// Returns a Boolean value that indicates whether the peer sends nothing for a duration.
    public func isSilent(forMilliseconds milliseconds: Int32) -> Bool {
        var query = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&query, 1, milliseconds) == 0
    }

    /// Reads nothing until the peer closes the connection or the server is stopped.
    public func stall() {
        // POLLRDHUP and POLLHUP are reported even if there are unread bytes.
        var query = pollfd(fd: descriptor, events: Int16(0x2000), revents: 0)
        _ = unsafe poll(&query, 1, -1)
    }

    /// Reads nothing for a duration, unless the peer closes the connection.
    public func isStill(forMilliseconds milliseconds: Int32) -> Bool {
        var query = pollfd(fd: descriptor, events: Int16(0x2000), revents: 0)
        return unsafe poll(&query, 1, milliseconds) == 0
    }

    /// Closes the connection with a reset.
    public func reset() throws(WireClosed) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        throw WireClosed()
    }

    private func readSome() throws(WireClosed) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { throw WireClosed() }
        return Array(buffer.prefix(count))
    }

    private func sendSome(_ bytes: ArraySlice<UInt8>) throws(WireClosed) -> Int {
        let count = unsafe bytes.withUnsafeBytes { bytes in
            unsafe Glibc.send(
                descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { throw WireClosed() }
        return count
    }
}

/// A connection to a server at 127.0.0.1.
struct WireClient {
    let connection: WireConnection
    private let descriptor: Int32

    init(port: UInt16) throws(WireClosed) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = WireServer.address(1, port)
        guard unsafe connect(descriptor, &address, socklen_t(MemoryLayout<sockaddr>.size)) == 0
        else {
            Glibc.close(descriptor)
            throw WireClosed()
        }
        connection = WireConnection(descriptor, WireServer.Shared())
    }

    func close() { Glibc.close(descriptor) }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc
import RegistryTestSupport

/// A response, possibly incomplete.
struct PlainResponse: Sendable {
    let status: Int
    let headers: HeaderFields
    let body: [UInt8]

    /// A Boolean value that indicates whether the body has the declared length.
    var isComplete: Bool { headers["Content-Length"].flatMap { Int($0) } == body.count }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The first `code` of an error body.
    var code: String? {
        let parts = text.split(separator: "\"")
        return parts.firstIndex(of: "code").flatMap { parts.dropFirst($0 + 2).first }.map(
            String.init)
    }
}

/// A minimal HTTP/1.1 client for tests of servers, with one connection for each request.
struct PlainClient: Sendable {
    struct ConnectionLost: Error {}

    let port: UInt16
    var defaults: [(String, String)] = []

    /// Creates a client of `127.0.0.1:port`.
    init(host: String) throws {
        guard let port = UInt16(host.split(separator: ":").last ?? "") else {
            throw ConnectionLost()
        }
        self.port = port
    }

    func send(
        _ method: RequestMethod, _ target: String, _ headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> PlainResponse {
        var head =
            "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
        if !body.isEmpty || [.put, .post, .patch].contains(method) {
            head += "Content-Length: \(body.count)\r\n"
        }
        for (name, value) in defaults + headers { head += "\(name): \(value)\r\n" }
        let message = Array((head + "\r\n").utf8) + body
        return try await onOwnThread { try exchange(message, hasBody: method != .head) }
    }

    private func exchange(_ message: [UInt8], hasBody: Bool) throws -> PlainResponse {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw ConnectionLost() }
        var sent = 0
        while sent < message.count {
            let count = unsafe message.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    socket, bytes.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            sent += count
        }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            received += buffer.prefix(count)
        }
        return try Self.parse(received)
    }

    private static func parse(_ bytes: [UInt8]) throws -> PlainResponse {
        var rest = bytes[...]
        while true {
            guard let end = headEnd(rest) else { throw ConnectionLost() }
            let lines = String(decoding: rest[..<end], as: UTF8.self).split(separator: "\r\n")
            rest = rest[(end + 4)...]
            let words = lines[0].split(separator: " ")
            guard words.count > 1, let status = Int(words[1]) else { throw ConnectionLost() }
            guard status != 100 else { continue }
            var headers: HeaderFields = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                headers.add(String(parts[0]), String(parts.last?.drop { $0 == " " } ?? ""))
            }
            return PlainResponse(status: status, headers: headers, body: Array(rest))
        }
    }

    private static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= 4 else { return nil }
        return (bytes.startIndex...bytes.endIndex - 4).first {
            bytes[$0..<$0 + 4].elementsEqual(mark)
        }
    }
}

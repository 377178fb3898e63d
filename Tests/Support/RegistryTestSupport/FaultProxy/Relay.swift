// SPDX-License-Identifier: Apache-2.0

/// A request that is forwarded to a registry, and its response.
struct Relay {
    private let head: WireHead
    private let client: WireConnection
    private let upstream: UInt16
    private let blobs: UInt16?

    init(
        _ head: WireHead, from client: WireConnection, to upstream: UInt16, blobs: UInt16? = nil
    ) {
        self.head = head
        self.client = client
        self.upstream = upstream
        self.blobs = blobs
    }

    /// The way in which the bytes of a body are corrupted.
    private enum Spoiling {
        case none
        case cut
        case flip
    }

    /// The framing of a body.
    fileprivate enum Framing {
        case length(Int)
        case chunks
        case untilClose
    }

    var request: FaultPlan.Request {
        let words = head.requestLine.split(separator: " ").map(String.init)
        return FaultPlan.Request(
            method: words.first ?? "", target: words.count > 1 ? words[1] : "",
            hasBody: head.contentLength > 0 || head.isChunked,
            length: head.isChunked ? nil : head.contentLength,
            authorization: head.values("authorization").first)
    }

    /// Executes the decision, and closes the connection if the client requests it.
    func perform(_ action: FaultPlan.Action) throws(WireClosed) {
        try exchange(action)
        if head.values("connection").contains(where: { $0.lowercased() == "close" }) {
            throw WireClosed()
        }
    }

    private func exchange(_ action: FaultPlan.Action) throws(WireClosed) {
        switch action {
        case .pass: try forward()
        case .cutAnswer: try forward(answer: .cut)
        case .flipAnswer: try forward(answer: .flip)
        case .cutBody: try forward(body: .cut)
        case .flipBody: try forward(body: .flip)
        case .refuse: throw WireClosed()
        case .redirect:
            try answer(307, ["Location: http://127.0.0.1:\(blobs ?? 0)\(request.target)"])
        case .answer(let status, let fields, let body):
            let origin = "http://\(head.values("host").first ?? "")"
            try answer(status, fields.map { $0.replacing("{origin}", with: origin) }, body)
        }
    }

    /// Responds instead of the registry, after reading the request's body.
    private func answer(
        _ status: Int, _ fields: [String], _ body: String = ""
    ) throws(WireClosed) {
        try copy(head.isChunked ? .chunks : .length(head.contentLength), from: client) { _ in }
        let bytes = request.method == "HEAD" ? [] : Array(body.utf8)
        try client.answer("\(status) Fault", fields, body: bytes)
    }

    private func forward(
        body: Spoiling = .none, answer: Spoiling = .none
    ) throws(WireClosed) {
        let server = try WireClient(port: upstream)
        defer { server.close() }
        try server.connection.send(
            Self.text(of: head, without: ["connection", "expect", "authorization"]))
        if head.values("expect").contains("100-continue") {
            try client.send("HTTP/1.1 100 Continue\r\n\r\n")
        }
        try copy(
            head.isChunked ? .chunks : .length(head.contentLength), from: client, body,
            server.connection.send)
        let response = try server.connection.readHead()
        let isLast = response.framing == nil
        try client.send(Self.text(of: response, without: ["connection"], closing: isLast))
        let words = response.requestLine.split(separator: " ")
        let status = words.count > 1 ? Int(words[1]) ?? 0 : 0
        guard request.method != "HEAD", status != 204, status != 304 else { return }
        try copy(response.framing ?? .untilClose, from: server.connection, answer, client.send)
        if isLast { throw WireClosed() }
    }

    /// Returns a head with a field that closes the connection to the registry after one exchange.
    private static func text(
        of head: WireHead, without names: Set<String>, closing: Bool = true
    ) -> String {
        let lines = head.lines.enumerated().filter { number, line in
            number == 0 || !names.contains(line.prefix { $0 != ":" }.lowercased())
        }
        return (lines.map(\.element) + (closing ? ["Connection: close"] : []))
            .joined(separator: "\r\n") + "\r\n\r\n"
    }

    /// Copies a body, and closes the connection if it is to be cut.
    private func copy(
        _ framing: Framing, from source: WireConnection, _ spoiling: Spoiling = .none,
        _ send: ([UInt8]) throws(WireClosed) -> Void
    ) throws(WireClosed) {
        switch framing {
        case .length(let count):
            var left = spoiling == .cut ? (count + 1) / 2 : count
            let flipped = spoiling == .flip ? count / 2 : -1
            var offset = 0
            while left > 0 {
                var piece = try source.readSome(atMost: left)
                if (offset..<offset + piece.count).contains(flipped) {
                    piece[flipped - offset] ^= 1
                }
                offset += piece.count
                left -= piece.count
                try send(piece)
            }
            if spoiling == .cut, offset < count { throw WireClosed() }
        case .chunks: try copyChunks(from: source, spoiling, send)
        case .untilClose:
            while let piece = try? source.readSome(atMost: 1 << 16) { try send(piece) }
        }
    }

    /// Copies chunks with their framing; the second one, or the only one, is corrupted.
    private func copyChunks(
        from source: WireConnection, _ spoiling: Spoiling,
        _ send: ([UInt8]) throws(WireClosed) -> Void
    ) throws(WireClosed) {
        var number = 0
        while true {
            let line = try source.readLine()
            let size = Int(line.prefix { $0 != ";" }.filter { $0 != " " }, radix: 16) ?? 0
            number += 1
            if spoiling == .cut, number > 1 || size == 0 { throw WireClosed() }
            try send(Array("\(line)\r\n".utf8))
            var left = size
            while left > 0 {
                var piece = try source.readSome(atMost: left)
                if spoiling == .flip, number == 1, left == size { piece[0] ^= 1 }
                left -= piece.count
                try send(piece)
            }
            try send(Array("\(try source.readLine())\r\n".utf8))
            if size == 0 { return }
        }
    }
}

extension WireHead {
    fileprivate var isChunked: Bool {
        values("transfer-encoding").contains { $0.lowercased() == "chunked" }
    }

    /// Returns the framing of a response's body, or `nil` if only the end of the connection
    /// delimits it.
    fileprivate var framing: Relay.Framing? {
        if isChunked { return .chunks }
        return values("content-length").first.flatMap { Int($0) }.map { .length($0) }
    }
}

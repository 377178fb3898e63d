// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing
import AsyncPrimitives
import TextSafety

/// An expected request with its response.
struct Exchange: Sendable {
    let method: HTTPMethod
    let url: String
    let response: ScriptedResponse

    /// Parses `GET https://host/path`.
    init(_ line: String, _ response: ScriptedResponse) {
        let parts = line.split(separator: " ")
        self.method = HTTPMethod(rawValue: String(parts[0])) ?? .delete
        self.url = String(parts[1])
        self.response = response
    }
}

/// A scripted response.
struct ScriptedResponse: Sendable {
    var status = 200
    var fields: HTTPFields = [:]
    var chunks: [[UInt8]] = []
    /// The error after the last chunk of the body.
    var breaks: TransportError?
    /// The error instead of a response.
    var failure: TransportError?
    /// The address of the server, if it is known.
    var peer: IPAddress?
    /// Waits before it responds.
    var gate: (@Sendable () async throws -> Void)?

    init(_ status: Int, _ fields: HTTPFields = [:], _ body: String = "") {
        self.status = status
        self.fields = fields
        self.chunks = body.isEmpty ? [] : [Array(body.utf8)]
    }

    init(_ status: Int, _ fields: HTTPFields = [:], bytes: [[UInt8]], breaks: Bool = false) {
        self.status = status
        self.fields = fields
        self.chunks = bytes
        self.breaks = breaks ? TransportError(.interrupted, "the connection broke") : nil
    }

    static func failing(_ kind: TransportError.Kind) -> ScriptedResponse {
        var response = ScriptedResponse(0)
        response.failure = TransportError(kind, "no response")
        return response
    }

    func from(_ peer: String) -> ScriptedResponse {
        var response = self
        response.peer = IPAddress(parsing: peer)
        return response
    }

    func after(_ gate: @escaping @Sendable () async throws -> Void) -> ScriptedResponse {
        var response = self
        response.gate = gate
        return response
    }
}

/// A transport that expects scripted requests and records all requests.
///
/// An unexpected request fails the test, except `GET /v2/`, which receives no challenge unless a
/// test scripts one. Of two exchanges that match a request, the first one is
/// used, so the order matters only for equal requests.
final class ScriptedTransport: HTTPTransport {
    struct Recorded: Sendable {
        let method: HTTPMethod
        let url: String
        let fields: HTTPFields
        let authorization: String?
        let body: [UInt8]
        let timeouts: HTTPTimeouts
        let isBulk: Bool
        let addressScope: AddressScope

        init(_ request: HTTPRequest) async throws {
            method = request.method
            url = "\(request.url.origin)\(request.url.target)"
            fields = request.fields
            authorization = request.authorization?.reveal()
            switch request.body {
            case .none: body = []
            case .bytes(let bytes): body = bytes
            case .stream(_, let stream):
                body = try await stream.reduce(into: []) { $0 += $1 }
            }
            timeouts = request.timeouts
            isBulk = request.isBulk
            addressScope = request.addressScope
        }

        /// All text of the request, as the server sees it.
        var wire: String {
            let fields = self.fields.fields.map { "\($0.name): \($0.value)" }
            return ([url, authorization ?? ""] + fields + [String(decoding: body, as: UTF8.self)])
                .joined(separator: "\n")
        }
    }

    private let script: Mutex<[Exchange]>
    private let record = Mutex<[Recorded]>([])

    init(_ exchanges: [Exchange]) {
        self.script = Mutex(exchanges)
    }

    /// All requests, in order.
    var requests: [Recorded] { record.withLock { $0 } }
    /// All requests as method and URL.
    var lines: [String] { requests.map { "\($0.method.rawValue) \($0.url)" } }
    /// The authorization of each request.
    var authorizations: [String?] { requests.map(\.authorization) }

    /// Fails the test if expected requests are missing.
    func expectDone(_ location: SourceLocation = #_sourceLocation) {
        let left = script.withLock { $0.map { "\($0.method.rawValue) \($0.url)" } }
        #expect(
            left == [], "requests that were expected and did not come", sourceLocation: location)
    }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let recorded = try await Recorded(request)
        record.withLock { $0.append(recorded) }
        let exchange: Exchange? = script.withLock { script in
            script.firstIndex { $0.method == request.method && $0.url == recorded.url }
                .map { script.remove(at: $0) }
        }
        if exchange == nil, request.method == .get, request.url.target == "/v2/" {
            return HTTPResponse(status: 200, fields: [:], body: ChunkedBody(chunks: []))
        }
        guard let exchange else {
            Issue.record("an unexpected request: \(request.method.rawValue) \(recorded.url)")
            throw TransportError(.refused, "nobody expected this request")
        }
        try await exchange.response.gate?()
        try Task.checkCancellation()
        if let failure = exchange.response.failure { throw failure }
        return HTTPResponse(
            status: exchange.response.status, fields: exchange.response.fields,
            body: ChunkedBody(chunks: exchange.response.chunks, breaks: exchange.response.breaks),
            peer: exchange.response.peer)
    }
}

/// A body of given chunks, which may fail at its end.
struct ChunkedBody: AsyncSequence, Sendable {
    let chunks: [[UInt8]]
    var breaks: (any Error)?

    func makeAsyncIterator() -> Iterator { Iterator(left: chunks[...], breaks: breaks) }

    struct Iterator: AsyncIteratorProtocol {
        var left: ArraySlice<[UInt8]>
        let breaks: (any Error)?

        mutating func next() async throws -> [UInt8]? {
            if let chunk = left.popFirst() { return chunk }
            if let breaks { throw breaks }
            return nil
        }
    }
}

/// A barrier at which tasks wait until all have arrived.
struct Barrier: Sendable {
    private let count: Int
    private let arrived = AsyncCondition(0)

    init(_ count: Int) {
        self.count = count
    }

    func arrive() async throws {
        arrived.change { $0 += 1 }
        try await arrived.take { [count] in $0 >= count ? true : nil }
    }
}

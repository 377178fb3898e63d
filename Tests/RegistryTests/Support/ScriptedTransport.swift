// SPDX-License-Identifier: Apache-2.0

import HTTP
import Synchronization
import Testing
import AsyncPrimitives
import TextSafety

/// A request that is expected, and the answer to it.
struct Exchange: Sendable {
    let method: HTTPMethod
    let url: String
    let answer: Answer

    /// Reads `GET https://host/path`.
    init(_ line: String, _ answer: Answer) {
        let parts = line.split(separator: " ")
        self.method = HTTPMethod(rawValue: String(parts[0])) ?? .delete
        self.url = String(parts[1])
        self.answer = answer
    }
}

/// What comes back for a request.
struct Answer: Sendable {
    var status = 200
    var fields: HTTPFields = [:]
    var pieces: [[UInt8]] = []
    /// What breaks the body after its pieces.
    var breaks: TransportError?
    /// What comes instead of any answer.
    var failure: TransportError?
    /// Who gives it, where that is seen.
    var peer: IPAddress?
    /// Waits before it answers.
    var gate: (@Sendable () async throws -> Void)?

    init(_ status: Int, _ fields: HTTPFields = [:], _ body: String = "") {
        self.status = status
        self.fields = fields
        self.pieces = body.isEmpty ? [] : [Array(body.utf8)]
    }

    init(_ status: Int, _ fields: HTTPFields = [:], bytes: [[UInt8]], breaks: Bool = false) {
        self.status = status
        self.fields = fields
        self.pieces = bytes
        self.breaks = breaks ? TransportError(.interrupted, "the connection broke") : nil
    }

    static func failing(_ kind: TransportError.Kind) -> Answer {
        var answer = Answer(0)
        answer.failure = TransportError(kind, "no answer came")
        return answer
    }

    func from(_ peer: String) -> Answer {
        var answer = self
        answer.peer = IPAddress(parsing: peer)
        return answer
    }

    func after(_ gate: @escaping @Sendable () async throws -> Void) -> Answer {
        var answer = self
        answer.gate = gate
        return answer
    }
}

/// A transport that knows beforehand what it is asked, and records it.
///
/// A request that is not expected fails the test, but for `GET /v2/`, which explains nothing where no
/// test says otherwise. Of two exchanges that fit a request, the first one is
/// taken, so the order counts only where requests are alike.
final class ScriptedTransport: HTTPTransport {
    struct Recorded: Sendable {
        let method: HTTPMethod
        let url: String
        let fields: HTTPFields
        let authorization: String?
        let body: [UInt8]
        let timeouts: HTTPTimeouts
        let isBulk: Bool
        let reach: AddressScope

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
            reach = request.reach
        }

        /// Everything that somebody who listens at the other end sees.
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

    /// What has been asked, in order.
    var requests: [Recorded] { record.withLock { $0 } }
    /// The same, as method and URL.
    var lines: [String] { requests.map { "\($0.method.rawValue) \($0.url)" } }
    /// What each request showed.
    var authorizations: [String?] { requests.map(\.authorization) }

    /// Fails the test where expected requests have not come.
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
            return HTTPResponse(status: 200, fields: [:], body: Pieces(pieces: []))
        }
        guard let exchange else {
            Issue.record("an unexpected request: \(request.method.rawValue) \(recorded.url)")
            throw TransportError(.refused, "nobody expected this request")
        }
        try await exchange.answer.gate?()
        try Task.checkCancellation()
        if let failure = exchange.answer.failure { throw failure }
        return HTTPResponse(
            status: exchange.answer.status, fields: exchange.answer.fields,
            body: Pieces(pieces: exchange.answer.pieces, breaks: exchange.answer.breaks),
            peer: exchange.answer.peer)
    }
}

/// A body of given pieces, which may break at its end.
struct Pieces: AsyncSequence, Sendable {
    let pieces: [[UInt8]]
    var breaks: (any Error)?

    func makeAsyncIterator() -> Iterator { Iterator(left: pieces[...], breaks: breaks) }

    struct Iterator: AsyncIteratorProtocol {
        var left: ArraySlice<[UInt8]>
        let breaks: (any Error)?

        mutating func next() async throws -> [UInt8]? {
            if let piece = left.popFirst() { return piece }
            if let breaks { throw breaks }
            return nil
        }
    }
}

/// Where tasks wait until all have come.
struct MeetingPoint: Sendable {
    private let count: Int
    private let arrived = AsyncCondition(0)

    init(_ count: Int) {
        self.count = count
    }

    func arrive() async throws {
        arrived.change { $0 += 1 }
        _ = try await arrived.take { [count] in $0 >= count ? true : nil }
    }
}

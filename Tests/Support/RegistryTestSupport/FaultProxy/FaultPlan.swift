// SPDX-License-Identifier: Apache-2.0

/// Decides for each request whether a fault applies.
///
/// The plan is deterministic: it counts requests and reads no clock but the time that it is given.
struct FaultPlan: Sendable {
    /// The input of a decision.
    struct Request: Sendable {
        let method: String
        /// The path and query.
        let target: String
        var hasBody = false
        /// The length of the request's body, if it is known.
        var length: Int?
        var authorization: String?

        private var path: Substring { target.prefix { $0 != "?" } }
        var isBlobRead: Bool { method == "GET" && path.contains("/blobs/sha256:") }
        var isRead: Bool { isBlobRead || (method == "GET" && path.contains("/manifests/")) }
        /// The identity of a body that is uploaded: its digest, or else its length.
        var sending: String? {
            target.firstRange(of: "digest=").map { String(target[$0.upperBound...]) }
                ?? length.map { "\($0) bytes" }
        }
        var isUpload: Bool { hasBody && path.contains("/blobs/uploads/") }
    }

    /// The decision about a request.
    enum Action: Equatable, Sendable {
        case pass
        case answer(Int, fields: [String] = [], body: String = "")
        /// The response's body is cut in the middle.
        case cutAnswer
        case flipAnswer
        /// The connection is closed in the middle of the request's body.
        case cutBody
        case flipBody
        /// Connections are rejected for a number of seconds.
        case refuse(seconds: Int)
        case redirect
    }

    let fault: ProxyFault
    /// A substring of the address that `cutOne` and `corruptOne` apply to; without one, the first
    /// blob.
    private var only: String?
    private var count = 0
    private var uploads = 0
    private var seen: Set<String> = []
    private var outageEnd: Duration?
    private var tokens: [String: Duration] = [:]
    /// The number of requests that were not forwarded unchanged.
    private(set) var strikes = 0
    /// The sum of the `Retry-After` values in seconds.
    private(set) var secondsAskedFor = 0

    init(_ fault: ProxyFault, only: String? = nil) {
        self.fault = fault
        self.only = only
    }

    /// The number of requests.
    var requests: Int { count }

    /// Returns the decision about the next request, which arrives at `now`.
    mutating func decide(_ request: Request, at now: Duration) -> Action {
        count += 1
        if request.isUpload { uploads += 1 }
        let action = action(for: request, at: now)
        if action != .pass { strikes += 1 }
        return action
    }

    private mutating func action(for request: Request, at now: Duration) -> Action {
        switch fault {
        case .none: return .pass
        case .throttle:
            guard count.isMultiple(of: 5) else { return .pass }
            secondsAskedFor += 1
            return .answer(429, fields: ["Retry-After: 1"])
        case .bursts:
            let statuses = [10: 500, 11: 502, 12: 503]
            return statuses[count % 20].map { .answer($0) } ?? .pass
        case .outage:
            guard count > 10 else { return .pass }
            let end = outageEnd ?? now + .seconds(4)
            outageEnd = end
            return now < end ? .answer(503) : .pass
        case .connectionRefused: return count == 10 ? .refuse(seconds: 3) : .pass
        case .cutFirst: return first(request, .cutAnswer, .cutBody)
        case .flipFirst: return first(request, .flipAnswer, .flipBody)
        case .cutOne: return isTheOne(request) ? .cutAnswer : .pass
        case .corruptOne:
            guard isTheOne(request) else { return .pass }
            return request.isBlobRead ? .flipAnswer : .flipBody
        case .shortTokens: return token(for: request, at: now)
        case .redirectBlobs: return request.isBlobRead ? .redirect : .pass
        }
    }

    private mutating func first(_ request: Request, _ read: Action, _ sent: Action) -> Action {
        if request.isRead, seen.insert(request.target).inserted { return read }
        guard request.isUpload else { return .pass }
        let isFirst = request.sending.map { seen.insert($0).inserted } ?? (uploads % 5 == 1)
        return isFirst ? sent : .pass
    }

    private mutating func isTheOne(_ request: Request) -> Bool {
        if only == nil, request.isBlobRead { only = request.target }
        guard request.isBlobRead || (request.isUpload && fault == .corruptOne) else { return false }
        return only.map { request.target.contains($0) } ?? false
    }

    private mutating func token(for request: Request, at now: Duration) -> Action {
        if request.target.hasPrefix("/token") {
            let token = "token-\(count)"
            tokens[token] = now + .seconds(1)
            return .answer(200, body: #"{"token":"\#(token)","expires_in":1}"#)
        }
        let shown = request.authorization?.split(separator: " ").last.map(String.init) ?? ""
        if let end = tokens[shown], now < end { return .pass }
        return .answer(401, fields: ["WWW-Authenticate: Bearer realm=\"{origin}/token\""])
    }
}

/// A fault that a ``FaultProxy`` injects.
public enum ProxyFault: String, CaseIterable, Sendable {
    /// No fault; the baseline for the others.
    case none
    /// Every fifth response is 429 with `Retry-After: 1`.
    case throttle
    /// Three of every twenty responses, in a row, are 500, 502 and 503.
    case bursts
    /// After ten requests, every response is 503 for four seconds.
    case outage
    /// After ten requests, connections are closed and rejected for three seconds.
    case connectionRefused = "connection-refused"
    /// The first response body of each address, and the first upload of each blob, is cut in the
    /// middle; every fifth upload if the blob cannot be identified.
    case cutFirst = "cut-first"
    /// One blob is cut in the middle of every response; each resumption makes progress.
    case cutOne = "cut-one"
    /// One byte of the same bodies is wrong.
    case flipFirst = "flip-first"
    /// One blob, or every upload to one repository, has a wrong byte every time.
    case corruptOne = "corrupt-one"
    /// Every request needs a token, and a token is valid for one second.
    case shortTokens = "short-tokens"
    /// Blobs are read from another origin, which responds 400 to a request with credentials.
    case redirectBlobs = "redirect-blobs"

    /// A Boolean value that indicates whether a retry succeeds.
    public var isTransient: Bool { self != .corruptOne }
}

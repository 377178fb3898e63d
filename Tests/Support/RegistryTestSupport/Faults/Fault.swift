// SPDX-License-Identifier: Apache-2.0

/// A fault or a delay of a server.
public enum Fault: Sendable {
    /// The server sends this response.
    ///
    /// The request has no other effect; its body is read and dropped.
    case answer(ScriptedResponse)
    /// The server sends this response before it reads the body, then closes the connection.
    case answerEarly(ScriptedResponse)
    /// The connection is closed as soon as the head was received.
    case drop
    /// The connection is closed after this number of bytes of the request's body, which take
    /// effect.
    case dropUpload(after: Int)
    /// The request takes effect, then the connection is closed without a response.
    case dropAnswer
    /// The connection is closed after this number of bytes of the response's body.
    case cutBody(at: Int)
    /// One byte of the response's body is sent with its lowest bit flipped.
    case flipByte(at: Int)
    /// The response has another body, with the same headers.
    case replaceBody(Bytes)
    /// A header field of the response is set, or removed if the value is `nil`.
    case setHeader(String, String?)
    /// The response has another status.
    case setStatus(Int)
    /// The response is changed.
    case amend(@Sendable (inout ScriptedResponse) -> Void)
    /// The response has no `Content-Length`.
    case omitLength
    /// The upload session of the request is removed before the request is handled.
    case forgetUpload
    /// The request succeeds, but the blob that it should have stored is missing.
    case loseBlob
    /// The tag that the request set points to a missing manifest.
    case loseManifest
    /// The response is delayed, after the body is complete, until the test opens the gate.
    case stall(Gate)
    /// The response is delayed until another matching request was received.
    case waitFor(RequestPattern)

    /// Returns a fault that sends a response with a status and, optionally, a body.
    public static func answer(
        _ status: Int, _ headers: HeaderFields = [:], body: String = ""
    ) -> Fault {
        .answer(ScriptedResponse(status, headers, body: Bytes(body)))
    }

    /// Returns a fault that sends an error of the specification.
    public static func answer(
        _ failure: RegistryFailure, status: Int? = nil, headers: HeaderFields = [:]
    ) -> Fault {
        .answer(ScriptedResponse(failure, status: status, headers: headers))
    }

    /// Returns a fault that redirects to a URL.
    public static func redirect(to url: String, status: Int = 307) -> Fault {
        .answer(ScriptedResponse(status, ["Location": url]))
    }

    /// Returns a fault that replaces `Docker-Content-Digest`; `nil` removes it.
    public static func claimDigest(_ text: String?) -> Fault {
        .setHeader("Docker-Content-Digest", text)
    }
}

/// A rule that selects the requests to which faults apply.
public struct FaultRule: Sendable {
    let pattern: RequestPattern
    let hits: any RangeExpression<Int> & Sendable
    let interval: Int
    let faults: @Sendable (RecordedRequest) -> [Fault]

    /// Creates a rule.
    ///
    /// - Parameters:
    ///   - method: The method of matching requests; `nil` for any.
    ///   - path: The end of the path, as in ``RequestPattern``.
    ///   - hits: The matching requests to which the faults apply, counted from 1.
    ///   - interval: Of those, the first and then every `interval`-th.
    ///   - predicate: A further condition for a request to match.
    ///   - faults: The faults, in the order in which they apply.
    /// - Returns: The rule.
    public static func on(
        _ method: RequestMethod?, _ path: String,
        hits: any RangeExpression<Int> & Sendable = 1..., every interval: Int = 1,
        where predicate: (@Sendable (RecordedRequest) -> Bool)? = nil, _ faults: Fault...
    ) -> FaultRule {
        precondition(interval > 0, "an interval is at least 1")
        return FaultRule(
            pattern: RequestPattern(method, path, where: predicate), hits: hits,
            interval: interval, faults: { _ in faults })
    }

    /// Creates a rule that chooses the faults of each request.
    ///
    /// - Parameter choose: A function that returns the faults of a request in the order in which they
    ///   apply; it is called once for each request, on the threads of connections.
    /// - Returns: The rule.
    public static func choosing(
        _ choose: @escaping @Sendable (RecordedRequest) -> [Fault]
    ) -> FaultRule {
        FaultRule(pattern: RequestPattern(), hits: 1..., interval: 1, faults: choose)
    }
}

/// A pattern for requests.
public struct RequestPattern: Sendable {
    private let method: RequestMethod?
    private let path: String
    private let predicate: (@Sendable (RecordedRequest) -> Bool)?

    /// Creates a pattern.
    ///
    /// - Parameters:
    ///   - method: The method; `nil` for any.
    ///   - path: The end of the path. `*` matches any characters but `/`, so `/blobs/*` matches
    ///     blobs but not uploads, and `*` matches every request.
    ///   - predicate: A further condition.
    public init(
        _ method: RequestMethod? = nil, _ path: String = "*",
        where predicate: (@Sendable (RecordedRequest) -> Bool)? = nil
    ) {
        self.method = method
        self.path = path
        self.predicate = predicate
    }

    /// Returns a Boolean value that indicates whether a request matches.
    public func matches(_ request: RecordedRequest) -> Bool {
        (method == nil || method == request.method)
            && (path == "*" || Self.ends(Array(request.path.utf8), with: Array(path.utf8)[...]))
            && (predicate?(request) ?? true)
    }

    /// Matches from the end: each star matches as few characters as possible, and more on
    /// backtracking.
    private static func ends(_ text: [UInt8], with pattern: ArraySlice<UInt8>) -> Bool {
        matchesBackwards(text[...], pattern)
    }

    private static func matchesBackwards(
        _ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>
    ) -> Bool {
        guard let last = pattern.last else { return true }
        guard last == UInt8(ascii: "*") else {
            return text.last == last && matchesBackwards(text.dropLast(), pattern.dropLast())
        }
        var rest = text
        while true {
            if matchesBackwards(rest, pattern.dropLast()) { return true }
            guard let byte = rest.last, byte != UInt8(ascii: "/") else { return false }
            rest = rest.dropLast()
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Something that a server does wrong, or does late.
public enum Fault: Sendable {
    /// The request is answered so and has no other effect. Its body is read and dropped.
    case answer(Reply)
    /// The request is answered so before any of its body is read, after which the connection ends.
    case answerEarly(Reply)
    /// The connection is closed as soon as the head has arrived.
    case drop
    /// The connection is closed once so many bytes of the request's body have arrived, which count.
    case dropUpload(after: Int)
    /// The request takes effect, and then the connection is closed without an answer.
    case dropAnswer
    /// The connection is closed after so many bytes of the answer's body.
    case cutBody(at: Int)
    /// One byte of the answer's body is sent with its lowest bit flipped.
    case flipByte(at: Int)
    /// The answer has another body, under the same headers.
    case replaceBody(Bytes)
    /// A header field of the answer is set, or removed where the value is nil.
    case setHeader(String, String?)
    /// The answer has another status.
    case setStatus(Int)
    /// The answer has no `Content-Length`.
    case omitLength
    /// The upload that the request is about is forgotten before the request is handled.
    case forgetUpload
    /// The request succeeds, but the blob that it should have stored is not there.
    case loseBlob
    /// The tag that the request just set points to nothing that is there.
    case loseManifest
    /// The request is held, once its body is complete, until the test opens the gate.
    case stall(Gate)
    /// The request is held until another that matches has been seen.
    case waitFor(RequestPattern)

    /// An answer with a status, and a body where one is given.
    public static func answer(
        _ status: Int, _ headers: HeaderFields = [:], body: String = ""
    ) -> Fault {
        .answer(Reply(status, headers, body: Bytes(body)))
    }

    /// An answer with one of the specification's errors.
    public static func answer(
        _ failure: RegistryFailure, status: Int? = nil, headers: HeaderFields = [:]
    ) -> Fault {
        .answer(Reply(failure, status: status, headers: headers))
    }

    /// A redirect to a URL.
    public static func redirect(to url: String, status: Int = 307) -> Fault {
        .answer(Reply(status, ["Location": url]))
    }

    /// Another `Docker-Content-Digest`; nil removes it.
    public static func claimDigest(_ text: String?) -> Fault {
        .setHeader("Docker-Content-Digest", text)
    }
}

/// When a server does something wrong.
public struct FaultRule: Sendable {
    let pattern: RequestPattern
    let hits: any RangeExpression<Int> & Sendable
    let interval: Int
    let faults: [Fault]

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - method: the method of the requests that are meant; nil for any.
    ///   - path: how their path ends, as in ``RequestPattern``.
    ///   - hits: which of the requests that match, counted from 1.
    ///   - interval: of those, the first and then every so manieth.
    ///   - predicate: what else must hold for a request to match.
    ///   - faults: what happens to them, in this order.
    /// - Returns: the rule.
    public static func on(
        _ method: RequestMethod?, _ path: String,
        hits: any RangeExpression<Int> & Sendable = 1..., every interval: Int = 1,
        where predicate: (@Sendable (RecordedRequest) -> Bool)? = nil, _ faults: Fault...
    ) -> FaultRule {
        precondition(interval > 0, "an interval is at least 1")
        return FaultRule(
            pattern: RequestPattern(method, path, where: predicate), hits: hits,
            interval: interval, faults: faults)
    }
}

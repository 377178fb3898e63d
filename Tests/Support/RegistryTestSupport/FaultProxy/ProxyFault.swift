// SPDX-License-Identifier: Apache-2.0

/// What a ``FaultProxy`` does to the traffic that passes through it.
public enum ProxyFault: String, CaseIterable, Sendable {
    /// Nothing; what the others are compared with.
    case none
    /// Each fifth request is answered 429, and asked to wait a second.
    case throttle
    /// Of each twenty requests, three in a row are answered 500, 502 and 503.
    case bursts
    /// After ten requests, every one is answered 503 for four seconds.
    case outage
    /// After ten requests, connections break and are refused for three seconds.
    case refusal
    /// The first body of each address breaks off in the middle, and the first of each blob that is
    /// sent; each fifth where it cannot be told which blob that is.
    case cutFirst = "cut-first"
    /// One blob breaks off in the middle of every answer; each resumption makes headway.
    case cutOne = "cut-one"
    /// One byte is wrong in the same bodies.
    case flipFirst = "flip-first"
    /// One blob, or all that is sent to one repository, has a wrong byte every time.
    case corruptOne = "corrupt-one"
    /// Every request needs a token, and a token lives for one second.
    case shortTokens = "short-tokens"
    /// Blobs are read from another origin, which answers 400 to whoever shows it a credential.
    case redirectBlobs = "redirect-blobs"

    /// Whether it is gone for who tries again.
    public var isTransient: Bool { self != .corruptOne }
}

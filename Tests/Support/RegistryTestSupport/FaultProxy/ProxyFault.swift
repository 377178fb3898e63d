// SPDX-License-Identifier: Apache-2.0

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

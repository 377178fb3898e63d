// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// The authorization of a request, and how it was obtained.
struct Authorization: Sendable {
    /// A remedy that was tried after a rejected authorization.
    ///
    /// Each is tried once per request, so that a registry that keeps rejecting requests is given up
    /// soon.
    enum Remedy: Hashable, Sendable {
        /// A token for the request's repository only, instead of a shared one.
        case unsharedToken
        /// A token for more actions, because the response named some.
        case widerScope
        /// A new token instead of a cached one.
        case newToken
        /// Credentials read again from files and helpers.
        case newCredentials
        /// Anonymous access instead of the rejected credentials.
        case anonymousAccess
    }

    /// The value of the header field, or `nil` for none.
    var header: Secret?
    /// The credential that it was obtained with.
    var identity = FoundCredential.nothing
    /// A Boolean value that indicates whether the token was cached, so that a new one may succeed.
    var isCached = false
    /// The remedies tried so far.
    var remedies: Set<Remedy> = []

    /// A Boolean value that indicates whether it is a token that a server issued for credentials,
    /// and thus accepted them.
    var isIssuedToken: Bool {
        identity.credential != .none && header?.reveal().hasPrefix("Bearer ") == true
    }

    /// A Boolean value that indicates whether this omits credentials that were rejected.
    var isAnonymousFallback: Bool { remedies.contains(.anonymousAccess) }

    /// Records the remedy that led to this authorization.
    func adding(_ remedy: Remedy, after previous: Authorization) -> Authorization {
        var next = self
        next.remedies.formUnion(previous.remedies)
        next.remedies.insert(remedy)
        return next
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// What a request shows, and how it came to be.
struct Authorization: Sendable {
    /// What was tried to make it better than one that was refused.
    ///
    /// Each is tried once in the life of a request, so that a registry that refuses for ever is soon
    /// left alone.
    enum Remedy: Hashable, Sendable {
        /// A token for the request's own repository alone, in place of a shared one.
        case ownToken
        /// A token for more actions, since the refusal named some.
        case widerScope
        /// A new token in place of one that was kept.
        case newToken
        /// What the files and helpers say now.
        case newCredentials
        /// No credentials at all.
        case anonymity
    }

    /// The value of the header field; nil for nothing.
    var header: Secret?
    /// Whose it is.
    var identity = FoundCredential.nothing
    /// Whether the token was kept from an earlier request, so that a new one may do better.
    var isKept = false
    /// What was tried so far.
    var remedies: Set<Remedy> = []

    /// Whether it is a token that a server gave for credentials, and so took them.
    var isTokenOfSomebody: Bool {
        identity.credential != .none && header?.reveal().hasPrefix("Bearer ") == true
    }

    /// Whether this leaves out credentials that were refused.
    var isFallback: Bool { remedies.contains(.anonymity) }

    /// Says what makes this better than one that was refused.
    func made(better remedy: Remedy, than refused: Authorization) -> Authorization {
        var better = self
        better.remedies.formUnion(refused.remedies)
        better.remedies.insert(remedy)
        return better
    }
}

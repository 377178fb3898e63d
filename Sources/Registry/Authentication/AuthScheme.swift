// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The authentication that a registry's challenges require.
enum AuthScheme: Hashable, Sendable {
    /// A user name and a password.
    case basic
    /// A token from a token server, with the scopes that the challenge names.
    case bearer(TokenServer, scopes: [Scope] = [])

    /// The host of the token server; `nil` if the registry itself checks the credential.
    var host: String? {
        if case .bearer(let server, _) = self { server.origin.authority } else { nil }
    }

    /// The scopes that the challenge names.
    var scopes: [Scope] {
        if case .bearer(_, let scopes) = self { scopes } else { [] }
    }
}

/// A token server, as a challenge names it with `realm` and `service`.
struct TokenServer: Hashable, Sendable {
    let url: HTTPURL
    /// The name of the registry at the token server.
    let service: String?
    /// A Boolean value that indicates whether it may receive credentials.
    let isTrusted: Bool
    /// The addresses that the requests may connect to.
    let addressScope: AddressScope

    /// The origin of the URL.
    var origin: Origin { url.origin }
}

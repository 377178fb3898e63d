// SPDX-License-Identifier: Apache-2.0

/// An authentication scheme that a registry requires.
enum AuthScheme: Hashable, Sendable {
    /// A user name and a password.
    case basic
    /// A token from a token server.
    case bearer(RealmPolicy.Realm, service: String?)

    /// The host of the token server; `nil` if the registry itself checks the credential.
    var host: String? {
        if case .bearer(let realm, _) = self { realm.origin.authority } else { nil }
    }
}

/// The authentication that a registry's challenges require.
struct AuthRequirement: Sendable {
    /// The scheme.
    let scheme: AuthScheme
    /// The scopes that the challenge names.
    let scopes: [Scope]

    /// Creates a requirement from the first supported challenge, preferring tokens; `nil` if none
    /// is supported.
    ///
    /// - Throws: `URLError` if the token server is not permitted.
    init?(
        _ challenges: [Challenge], realm: (String) throws -> RealmPolicy.Realm
    ) rethrows {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }),
            let text = bearer.parameters["realm"]
        {
            self.scheme = .bearer(try realm(text), service: bearer.parameters["service"])
            self.scopes = Scope.all(in: bearer.parameters["scope"] ?? "")
        } else if challenges.contains(where: { $0.scheme == "basic" }) {
            self.scheme = .basic
            self.scopes = []
        } else {
            return nil
        }
    }
}

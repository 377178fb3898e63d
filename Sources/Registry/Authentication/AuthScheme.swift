// SPDX-License-Identifier: Apache-2.0

/// What a registry asks to be shown.
enum AuthScheme: Hashable, Sendable {
    /// A user and a password.
    case basic
    /// A token from that server.
    case bearer(RealmPolicy.Realm, service: String?)

    /// The host of the token server; `nil` if the registry itself checks the credential.
    var host: String? {
        if case .bearer(let realm, _) = self { realm.origin.authority } else { nil }
    }
}

/// A registry's challenges, as far as they can be answered.
struct AuthRequirement: Sendable {
    /// What it wants to see.
    let offer: AuthScheme
    /// What it names as wanting the right for.
    let scopes: [Scope]

    /// Picks the first challenge that can be answered, tokens before passwords; nil where none can.
    ///
    /// - Throws: `URLError` where tokens would come from a place that is never asked.
    init?(
        _ challenges: [Challenge], realm: (String) throws -> RealmPolicy.Realm
    ) rethrows {
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }),
            let text = bearer.parameters["realm"]
        {
            self.offer = .bearer(try realm(text), service: bearer.parameters["service"])
            self.scopes = Scope.all(in: bearer.parameters["scope"] ?? "")
        } else if challenges.contains(where: { $0.scheme == "basic" }) {
            self.offer = .basic
            self.scopes = []
        } else {
            return nil
        }
    }
}

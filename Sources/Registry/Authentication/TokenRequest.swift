// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import StrictJSON
internal import TextSafety

/// A request for a token, which is also its key in the cache.
struct TokenRequest: Hashable, Sendable {
    let realm: RealmPolicy.Realm
    let service: String?
    /// The scopes in the order in which they are requested.
    let scopes: [Scope]
    let credential: Credential

    /// The scope for requests that need none: some servers reject a form without a scope, and
    /// permissions that the user lacks are silently omitted from a token.
    private static let anyScope = "registry:catalog:*"

    /// The HTTP request: GET for passwords and anonymous access, POST for identity tokens.
    ///
    /// Source: distribution's token specification § Requesting a token, and its OAuth2 variant.
    func httpRequest() -> HTTPRequest {
        guard case .identityToken(let token) = credential else {
            var url = realm.url
            if let service { url = url.adding(query: "service", service) }
            for scope in scopes { url = url.adding(query: "scope", scope.description) }
            return HTTPRequest(
                .get, url, authorization: credential.basicAuthorization, reach: realm.reach)
        }
        var form = [
            ("grant_type", "refresh_token"), ("client_id", "ocimirror"),
            ("refresh_token", token.reveal()),
            (
                "scope",
                scopes.isEmpty ? Self.anyScope : scopes.map(\.description).joined(separator: " ")
            ),
        ]
        if let service { form.append(("service", service)) }
        return .form(realm.url, form, reach: realm.reach)
    }

    /// Returns the same request with another credential.
    func replacingCredential(with credential: Credential) -> TokenRequest {
        TokenRequest(realm: realm, service: service, scopes: scopes, credential: credential)
    }
}

/// A bearer token with its lifetime.
struct Token: Hashable, Sendable {
    /// The value of `Authorization`.
    let authorization: Secret
    /// The time for which it is used, since it was requested.
    let usableFor: Duration

    /// Parses the response of a token server.
    ///
    /// - Throws: ``JSONError`` if it has no token that is valid in a header field.
    ///
    /// Source: distribution's token specification § Token response fields.
    init(response bytes: [UInt8]) throws(JSONError) {
        let object = try JSONObject(
            try JSONValue(parsing: bytes), known: ["token", "access_token", "expires_in"])
        let first = try object.string("token") ?? ""
        let text = first.isEmpty ? try object.string("access_token") ?? "" : first
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw JSONError(place: "token", reason: "is missing or has invalid characters")
        }
        self.authorization = Secret("Bearer \(text)")
        self.usableFor = TokenLifetime.usable(stated: object["expires_in"], token: text)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import StrictJSON
internal import TextSafety

/// A token that is asked for, which is also what it is kept under.
struct TokenRequest: Hashable, Sendable {
    let realm: RealmPolicy.Realm
    let service: String?
    /// The scopes in the order in which they are asked for.
    let scopes: [Scope]
    let credential: Credential

    /// What is asked for where it does not matter what: a form without a scope is refused by some
    /// servers, and rights that somebody lacks are left out of a token without a word.
    private static let anyScope = "registry:catalog:*"

    /// The request itself: GET for passwords and for anyone, POST for identity tokens.
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

    /// The same request as somebody else.
    func showing(_ credential: Credential) -> TokenRequest {
        TokenRequest(realm: realm, service: service, scopes: scopes, credential: credential)
    }
}

/// A bearer token and when to stop using it.
struct Token: Hashable, Sendable {
    /// The value of `Authorization`.
    let authorization: Secret
    /// How long it is used from when it was asked for.
    let usableFor: Duration

    /// Reads a token server's answer.
    ///
    /// - Throws: ``JSONError`` where there is no token that could stand in a header field.
    ///
    /// Source: distribution's token specification § Token response fields.
    init(answer bytes: [UInt8]) throws(JSONError) {
        let object = try JSONObject(
            try JSONValue(parsing: bytes), known: ["token", "access_token", "expires_in"])
        let first = try object.string("token") ?? ""
        let text = first.isEmpty ? try object.string("access_token") ?? "" : first
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw JSONError(place: "token", reason: "is missing, or has characters of no token")
        }
        self.authorization = Secret("Bearer \(text)")
        self.usableFor = TokenLifetime.usable(stated: object["expires_in"], token: text)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import TextSafety

/// A request for a token, which is also its key in the cache.
struct TokenRequest: Hashable, Sendable {
    let realm: Realm
    let service: String?
    /// The scopes in the order in which they are requested.
    let scopes: [Scope]
    let credential: Credential?

    /// The scope for requests that need none: some servers reject a form without a scope, and
    /// permissions that the user lacks are silently omitted from a token.
    private static let anyScope = "registry:catalog:*"

    /// The HTTP request: GET for passwords and anonymous access, POST for identity tokens.
    ///
    /// Source: distribution's token specification § Requesting a token, and its OAuth2 variant.
    func httpRequest() -> HTTPRequest {
        guard case .identityToken(let token)? = credential else {
            var url = realm.url
            if let service { url = url.adding(query: "service", service) }
            for scope in scopes { url = url.adding(query: "scope", scope.description) }
            return HTTPRequest(
                .get, url, authorization: credential?.basicAuthorization,
                addressScope: realm.addressScope)
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
        return .form(realm.url, form, addressScope: realm.addressScope)
    }

    /// Returns the same request with another credential.
    func with(_ credential: Credential) -> TokenRequest {
        TokenRequest(realm: realm, service: service, scopes: scopes, credential: credential)
    }
}

extension HTTPRequest {
    /// Returns a POST request with form fields, as OAuth requires.
    ///
    /// Source: RFC 6749 §4, Appendix B.
    static func form(
        _ url: HTTPURL, _ fields: [(String, String)], addressScope: AddressScope = .anywhere
    ) -> HTTPRequest {
        let body = fields.map { "\($0)=\(PercentEncoding.form($1))" }.joined(separator: "&")
        return HTTPRequest(
            .post, url, fields: ["Content-Type": "application/x-www-form-urlencoded"],
            body: .bytes(Array(body.utf8)), addressScope: addressScope)
    }
}

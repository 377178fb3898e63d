// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import StrictJSON
internal import Wording

/// A token that is asked for, which is also what it is kept under.
struct TokenRequest: Hashable, Sendable {
    let realm: HTTPURL
    let service: String?
    /// The scopes in the order in which they are asked for.
    let scopes: [Scope]
    let credential: Credential

    /// The request itself: GET for passwords and for anyone, POST for identity tokens.
    ///
    /// Source: distribution's token specification § Requesting a token, and its OAuth2 variant.
    func httpRequest() -> HTTPRequest {
        guard case .identityToken(let token) = credential else {
            var url = realm
            if let service { url = url.adding(query: "service", service) }
            for scope in scopes { url = url.adding(query: "scope", scope.description) }
            return HTTPRequest(.get, url, authorization: credential.basicAuthorization)
        }
        var form = [
            ("grant_type", "refresh_token"), ("client_id", "ocimirror"),
            ("refresh_token", token.reveal()),
            ("scope", scopes.map(\.description).joined(separator: " ")),
        ]
        if let service { form.append(("service", service)) }
        let body = form.map { "\($0)=\(PercentEncoding.form($1))" }.joined(separator: "&")
        return HTTPRequest(
            .post, realm, fields: ["Content-Type": "application/x-www-form-urlencoded"],
            body: .bytes(Array(body.utf8)))
    }
}

/// A bearer token and when to stop using it.
struct Token: Hashable, Sendable {
    /// The value of `Authorization`.
    let authorization: Secret
    /// How long it is used from when it was asked for: seven tenths of its life.
    let usableFor: Duration

    /// The greatest answer of a token server that is read, in bytes.
    static let maximumSize = 64 << 10

    /// Reads a token server's answer.
    ///
    /// A life that is not stated, or under a minute, is a minute; one above a day is a day.
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
        var life = 60
        if case .integer(let seconds)? = object["expires_in"] {
            life = max(60, min(seconds, 86_400))
        }
        self.authorization = Secret("Bearer \(text)")
        self.usableFor = .milliseconds(life * 700)
    }
}

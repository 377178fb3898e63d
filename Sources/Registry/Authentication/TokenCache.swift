// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import HTTP
internal import StrictJSON
internal import TextSafety

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
            throw JSONError(location: "token", reason: "is missing or has invalid characters")
        }
        self.authorization = Secret("Bearer \(text)")
        self.usableFor = Self.usableDuration(stated: object["expires_in"], token: text)
    }

    // MARK: Lifetime

    /// The lifetime in seconds if none is stated, and the minimum.
    ///
    /// Source: distribution's token specification § Token response fields.
    static let shortestLife = 60
    /// The maximum lifetime in seconds: a day.
    static let longestLife = 86_400

    /// Returns the time for which a token is used: seven tenths of its lifetime.
    ///
    /// Only durations that the server states are used, never its dates compared with the local
    /// clock, because clocks differ. A wrong duration costs a 401.
    ///
    /// - Parameters:
    ///   - stated: The seconds in `expires_in`.
    ///   - token: The token, which may be a JWT that states its lifetime.
    /// - Returns: The time since the request.
    static func usableDuration(stated: JSONValue?, token: String) -> Duration {
        let seconds: Int? =
            switch stated {
            case .integer(let seconds)?: seconds
            case nil, .null?: lifetime(ofJWT: token)
            default: nil
            }
        return .milliseconds(max(shortestLife, min(seconds ?? shortestLife, longestLife)) * 700)
    }

    /// Returns the seconds between `iat` and `exp`, or `nil` if the text is not a JWT with both.
    ///
    /// The signature is not verified, because the token is sent only to the server that issued it.
    ///
    /// Source: RFC 7519 §4.1; Azure's registries state no `expires_in`.
    static func lifetime(ofJWT text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64.decode(urlSafe: String(parts[1])),
            let claims = try? JSONValue(parsing: payload),
            case .integer(let from)? = claims["iat"], case .integer(let until)? = claims["exp"]
        else { return nil }
        let (life, overflow) = until.subtractingReportingOverflow(from)
        return overflow ? nil : life
    }
}

/// A request for a token, which is also its key in the cache.
struct TokenRequest: Hashable, Sendable {
    let server: TokenServer
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
            var url = server.url
            if let service = server.service { url = url.adding(query: "service", service) }
            for scope in scopes { url = url.adding(query: "scope", scope.description) }
            return HTTPRequest(
                .get, url, authorization: credential?.basicAuthorization,
                addressScope: server.addressScope)
        }
        var form = [
            ("grant_type", "refresh_token"), ("client_id", "ocimirror"),
            ("refresh_token", token.reveal()),
            (
                "scope",
                scopes.isEmpty ? Self.anyScope : scopes.map(\.description).joined(separator: " ")
            ),
        ]
        if let service = server.service { form.append(("service", service)) }
        return .form(server.url, form, addressScope: server.addressScope)
    }

    /// Returns the same request with another credential.
    func with(_ credential: Credential) -> TokenRequest {
        TokenRequest(server: server, scopes: scopes, credential: credential)
    }
}

/// The tokens of one registry, each kept until most of its lifetime has passed.
actor TokenCache {
    private let executor: RequestExecutor
    private let entra: EntraLogin
    private var cached: [TokenRequest: (token: Token, until: Duration)] = [:]
    private let flights = SingleFlight<TokenRequest, Token>()

    init(executor: RequestExecutor) {
        self.executor = executor
        self.entra = EntraLogin(executor: executor)
    }

    /// Returns a token for a request.
    ///
    /// Concurrent requests for the same token share one request.
    ///
    /// - Parameters:
    ///   - request: The request for the token.
    ///   - rejected: A token that the registry rejected, which is removed from the cache.
    ///   - operation: The operation that needs the token.
    /// - Returns: The token, and a Boolean value that indicates whether it was cached.
    /// - Throws: ``RegistryError`` if no token can be obtained.
    func token(
        _ request: TokenRequest, otherThan rejected: Secret? = nil, for operation: Operation
    ) async throws -> (token: Secret, isCached: Bool) {
        if let rejected {
            cached = cached.filter { $0.value.token.authorization != rejected }
        }
        let now = executor.hosts.time.now
        if let cached = cached[request], now() < cached.until {
            return (cached.token.authorization, true)
        }
        let token = try await flights.value(for: request) {
            let start = now()
            let token = try await self.fetch(request, for: operation)
            await self.store(token, for: request, until: start + token.usableFor)
            return token
        }
        return (token.authorization, false)
    }

    private func store(_ token: Token, for request: TokenRequest, until: Duration) {
        cached[request] = (token, until)
    }

    /// Requests a token, with a login of its own if the credential is a Microsoft Entra identity.
    private nonisolated func fetch(
        _ request: TokenRequest, for operation: Operation
    ) async throws -> Token {
        guard case .entra(let identity)? = request.credential else {
            return try await send(request, for: operation)
        }
        let (origin, service) = (request.server.origin, request.server.service)
        let login = try await entra.login(identity, at: origin, service: service, for: operation)
        do {
            return try await send(request.with(login.credential), for: operation)
        } catch let error as RegistryError where error.failureClass == .denied && login.isCached {
            // A cached login may expire before its stated lifetime ends.
            await entra.forget(login)
            let login = try await entra.login(
                identity, at: origin, service: service, for: operation)
            return try await send(request.with(login.credential), for: operation)
        }
    }

    /// Sends the request to the token server.
    private nonisolated func send(
        _ request: TokenRequest, for operation: Operation
    ) async throws -> Token {
        let operation = operation.step(.token, "requesting a token from \(request.server.origin)")
        let bytes = try await executor.content(of: request.httpRequest(), for: operation)
        do {
            return try Token(response: bytes)
        } catch {
            // Anything other than markup may contain a secret and is not quoted.
            guard !WebPage.isMarkup(bytes) else {
                throw RegistryError(
                    operation, expected: "token", received: bytes, ["Content-Type": "text/html"])
            }
            throw RegistryError(
                .unavailable, operation, "the response has no token: \(error.description)")
        }
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

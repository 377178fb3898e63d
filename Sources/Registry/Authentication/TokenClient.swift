// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import StrictJSON
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

/// Sends the requests of authentication: to token servers, and version checks to the registry.
///
/// It follows no redirects, because a redirected credential is a stolen one.
struct TokenClient: Sendable {
    let host: RegistryHost
    let origin: Origin
    var retryExecutor: RetryExecutor
    let dependencies: RegistryClientPool.ClientDependencies

    /// The clock and the random numbers.
    var time: RetryTiming { dependencies.time }

    /// The maximum size of a response, in bytes.
    static let maximumSize = 64 << 10

    // MARK: Tokens

    /// Requests a token.
    ///
    /// - Throws: ``RegistryError`` if the server rejects the request, cannot be reached, or returns
    ///   a malformed response.
    func token(_ request: TokenRequest, for operation: Operation) async throws -> Token {
        let operation = operation.step(.token, "requesting a token from \(request.realm.origin)")
        let bytes = try await send(request.httpRequest(), for: operation)
        do {
            return try Token(response: bytes)
        } catch {
            // Anything other than markup may contain a secret and is not quoted.
            guard !WebPage.isMarkup(bytes) else {
                throw RegistryError(
                    operation, expected: "token", received: bytes, ["Content-Type": "text/html"])
            }
            throw RegistryError(
                .unavailable, operation,
                "the response has no token: \(error.description)")
        }
    }

    /// Sends a request to a token server, retries it as the policy permits, and returns the short
    /// response.
    ///
    /// - Throws: ``RegistryError`` if the server rejects the request or cannot be reached.
    func send(
        _ request: HTTPRequest, timeouts limits: HTTPTimeouts? = nil, for operation: Operation
    ) async throws -> [UInt8] {
        var request = request
        request.timeouts = limits ?? dependencies.timeouts
        let server = request.url.origin
        let retryExecutor = retryExecutor.forOrigin(server)
        return try await retryExecutor.run(operation) { [request] in
            // The request that needs the token may hold the last permit of this host.
            try await retryExecutor.throttle.withoutPermit {
                let start = time.now()
                let response = try await dependencies.transport.send(request)
                let isSuccess = response.status == 200
                let bytes = isSuccess ? try await response.collect(limit: Self.maximumSize) : []
                report(
                    request, since: start, .token, to: server.authority, status: response.status,
                    byteCount: bytes.count)
                guard isSuccess else {
                    throw await ErrorResponse(
                        response, from: .tokenServer, at: server, registry: host)
                }
                return bytes
            }
        }
    }

    // MARK: Version checks

    /// Sends the only request without a repository, `GET /v2/`, with an authorization.
    ///
    /// A registry responds with its challenge even if it omits it elsewhere, and with 200 if the
    /// credentials are sufficient.
    ///
    /// Source: distribution-spec § Determining Support; gcr.io responds 401 without a challenge,
    /// GHCR 403 without one after it has received credentials.
    ///
    /// - Returns: The response if the registry requires other credentials; `nil` if it accepted the
    ///   request.
    /// - Throws: ``RegistryError`` if there is no response, or one with another status.
    func checkVersion(
        with authorization: Secret? = nil, for operation: Operation
    ) async throws -> ErrorResponse? {
        let phrase = "checking the authentication of \(origin)"
        let isStep = operation.kind != .versionCheck
        let operation = isStep ? operation.step(.versionCheck, phrase) : operation
        let request = HTTPRequest(
            .get, try HTTPURL(origin, target: "/v2/"), authorization: authorization,
            timeouts: dependencies.timeouts)
        return try await retryExecutor.run(operation) {
            try await retryExecutor.throttle.withoutPermit {
                let start = time.now()
                let response = try await dependencies.transport.send(request)
                report(
                    request, since: start, .versionCheck, to: host.name,
                    status: response.status, byteCount: 0)
                if response.status == 200 {
                    try await checkContent(of: response, for: operation)
                    return nil
                }
                let errorResponse = await ErrorResponse(
                    response, from: .registry, at: origin, registry: host)
                guard errorResponse.isAboutCredentials else { throw errorResponse }
                return errorResponse
            }
        }
    }

    /// Rejects a web page; Quay labels its own response as `text/html` too, so the bytes decide.
    private func checkContent(of response: HTTPResponse, for operation: Operation) async throws {
        guard WebPage.isResponse(200, response.fields) else { return }
        let bytes = await response.prefix(DistributionError.maximumBodySize)
        guard !WebPage.isMarkup(bytes) else {
            throw RegistryError(
                operation, expected: "registry response", received: bytes, response.fields)
        }
    }

    private func report(
        _ request: HTTPRequest, since start: Duration, _ kind: RequestKind, to server: String,
        status: Int, byteCount: Int
    ) {
        let duration = time.now() - start
        dependencies.events(
            .requestFinished(
                host: server, kind: kind, status: status, bytes: byteCount,
                trace: RequestTrace(request.method, request.url, duration: duration)))
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

// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import StrictJSON

/// Requests tokens from token servers.
struct TokenServer: Sendable {
    private let endpoint: TokenEndpoint
    private let entra: EntraLogin

    init(transport: any HTTPTransport, retryExecutor: RetryExecutor, timeouts: HTTPTimeouts) {
        endpoint = TokenEndpoint(
            transport: transport, retryExecutor: retryExecutor, timeouts: timeouts)
        entra = EntraLogin(endpoint: endpoint)
    }

    /// Fetches a token.
    ///
    /// - Throws: ``RegistryError`` if the server rejects the request, cannot be reached, or returns
    ///   a malformed response.
    func fetch(_ request: TokenRequest, for operation: Operation) async throws -> Token {
        guard case .entra(let identity) = request.credential else {
            return try await token(request, for: operation)
        }
        let login = try await entra.login(
            identity, at: request.realm.origin, service: request.service, for: operation)
        do {
            return try await token(
                request.replacingCredential(with: login.credential), for: operation)
        } catch let error as RegistryError where error.failureClass == .denied && login.isCached {
            // A cached login may expire before its stated lifetime ends.
            await entra.forget(login)
            let login = try await entra.login(
                identity, at: request.realm.origin, service: request.service, for: operation)
            return try await token(
                request.replacingCredential(with: login.credential), for: operation)
        }
    }

    private func token(_ request: TokenRequest, for operation: Operation) async throws -> Token {
        let operation = operation.step(.token, "requesting a token from \(request.realm.origin)")
        let bytes = try await endpoint.send(request.httpRequest(), for: operation)
        do {
            return try Token(response: bytes)
        } catch {
            // Anything other than markup may contain a secret and is not quoted.
            guard !WebPage.isMarkup(bytes) else {
                throw RegistryError(operation, isNo: "token", bytes, ["Content-Type": "text/html"])
            }
            throw RegistryError(
                .unavailable, operation,
                "the response has no token: \(error.description)")
        }
    }
}

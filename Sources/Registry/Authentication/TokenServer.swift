// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import StrictJSON

/// Asks token servers for tokens.
struct TokenServer: Sendable {
    private let endpoint: TokenEndpoint
    private let entra: EntraLogin

    init(transport: any HTTPTransport, retrier: RetryExecutor, timeouts: HTTPTimeouts) {
        endpoint = TokenEndpoint(transport: transport, retrier: retrier, timeouts: timeouts)
        entra = EntraLogin(endpoint: endpoint)
    }

    /// Fetches a token.
    ///
    /// - Throws: ``RegistryError`` where the server refuses, cannot be reached or answers nonsense.
    func fetch(_ request: TokenRequest, for call: Operation) async throws -> Token {
        guard case .entra(let identity) = request.credential else {
            return try await token(request, for: call)
        }
        let login = try await entra.login(
            identity, at: request.realm.origin, service: request.service, for: call)
        do {
            return try await token(request.showing(login.credential), for: call)
        } catch let error as RegistryError where error.failureClass == .denied && login.isKept {
            // A login that was kept may have lapsed before its time.
            await entra.forget(login)
            let login = try await entra.login(
                identity, at: request.realm.origin, service: request.service, for: call)
            return try await token(request.showing(login.credential), for: call)
        }
    }

    private func token(_ request: TokenRequest, for call: Operation) async throws -> Token {
        let call = call.step(.token, "asking \(request.realm.origin) for a token")
        let bytes = try await endpoint.answer(to: request.httpRequest(), for: call)
        do {
            return try Token(answer: bytes)
        } catch {
            // Anything but markup may hold a secret, and is not quoted.
            guard !WebPage.isMarkup(bytes) else {
                throw RegistryError(call, isNo: "token", bytes, ["Content-Type": "text/html"])
            }
            throw RegistryError(
                .unavailable, call, "the token server's answer has no token: \(error.description)")
        }
    }
}

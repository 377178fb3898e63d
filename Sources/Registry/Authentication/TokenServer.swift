// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import StrictJSON

/// Asks token servers for tokens.
///
/// It follows no redirect: a redirected credential is a stolen one.
struct TokenServer: Sendable {
    let transport: any HTTPTransport
    let retrier: Retrier
    let timeouts: HTTPTimeouts

    /// Fetches a token.
    ///
    /// - Throws: ``RegistryError`` where the server refuses, cannot be reached or answers nonsense.
    func fetch(_ request: TokenRequest, for call: Operation) async throws -> Token {
        let call = Operation(
            kind: .token, phrase: "asking \(request.realm.origin) for a token for \(call.phrase)",
            repository: call.repository, access: call.access)
        let bytes = try await retrier.run(call) { try await attempt(request) }
        do {
            return try Token(answer: bytes)
        } catch {
            throw RegistryError(
                .unavailable, call, "the token server's answer has no token: \(error.description)")
        }
    }

    private func attempt(_ request: TokenRequest) async throws -> [UInt8] {
        var http = request.httpRequest()
        http.timeouts = timeouts
        let host = request.realm.origin.authority
        do {
            let response = try await transport.send(http)
            guard response.status == 200 else {
                throw await Rejection(
                    response, from: .tokenServer, at: request.realm.origin, registry: retrier.host)
            }
            let bytes = try await response.collect(limit: Token.maximumSize)
            retrier.events(
                .requestFinished(host: host, kind: .token, status: 200, bytes: bytes.count))
            return bytes
        } catch let rejection as Rejection {
            retrier.events(
                .requestFinished(host: host, kind: .token, status: rejection.status, bytes: 0))
            throw rejection
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI
internal import TextSafety

/// The only request without a repository: `GET /v2/`.
///
/// A registry responds with its challenge even if it omits it elsewhere, and with 200 if the
/// credentials are sufficient. Redirects are not followed, because credentials must not leave the
/// origin.
///
/// Source: distribution-spec § Determining Support; gcr.io responds 401 without a challenge, GHCR
/// 403 without one after it has received credentials.
struct VersionCheck: Sendable {
    let origin: Origin
    let transport: any HTTPTransport
    let retryExecutor: RetryExecutor
    let timeouts: HTTPTimeouts

    /// The outcome of a version check.
    enum Outcome: Sendable {
        /// The registry accepted the request.
        case accepted
        /// The registry requires other credentials.
        case rejected(ErrorResponse)
    }

    /// Sends the request with an authorization.
    ///
    /// - Throws: ``RegistryError`` if there is no response, or one with another status.
    func send(_ authorization: Secret? = nil, for operation: Operation) async throws -> Outcome {
        let isStep = operation.kind != .versionCheck
        let operation =
            isStep
            ? operation.step(.versionCheck, "checking the authentication of \(origin)") : operation
        let url = try HTTPURL(origin, target: "/v2/")
        return try await retryExecutor.run(operation) {
            do {
                try await retryExecutor.throttle.withoutPermit {
                    try await attempt(url, authorization)
                }
                return .accepted
            } catch let errorResponse as ErrorResponse where errorResponse.isAboutCredentials {
                return .rejected(errorResponse)
            }
        }
    }

    private func attempt(_ url: HTTPURL, _ header: Secret?) async throws {
        let response = try await transport.send(
            HTTPRequest(.get, url, authorization: header, timeouts: timeouts))
        retryExecutor.events(
            .requestFinished(
                host: retryExecutor.host.name, kind: .versionCheck, status: response.status,
                bytes: 0))
        guard response.status == 200 else {
            throw await ErrorResponse(
                response, from: .registry, at: origin, registry: retryExecutor.host)
        }
        // Quay labels its own response as text/html too, so the bytes decide.
        guard WebPage.isResponse(200, response.fields) else { return }
        let bytes = await response.prefix(ErrorBody.maximumSize)
        guard !WebPage.isMarkup(bytes) else {
            let operation = Operation(
                kind: .versionCheck, phrase: "checking the authentication of \(origin)",
                registry: retryExecutor.host)
            throw RegistryError(operation, isNo: "registry response", bytes, response.fields)
        }
    }
}

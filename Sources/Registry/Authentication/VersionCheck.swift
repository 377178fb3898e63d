// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI
internal import TextSafety

/// The one request that names no repository: `GET /v2/`.
///
/// A registry answers it with its challenge even where it gives none to other requests, and with 200
/// to who may come in. No redirect is followed: nothing of it is worth the credentials.
///
/// Source: distribution-spec § Determining Support; gcr.io for a 401 without a challenge, GHCR for a
/// 403 without one once it was shown anything.
struct VersionCheck: Sendable {
    let origin: Origin
    let transport: any HTTPTransport
    let retrier: RetryExecutor
    let timeouts: HTTPTimeouts

    /// What came back.
    enum Answer: Sendable {
        /// The registry is content with what it was shown.
        case welcome
        /// It wants to see something else.
        case refused(ErrorResponse)
    }

    /// Asks, showing what is given.
    ///
    /// - Throws: ``RegistryError`` where no answer came, or another than these two.
    func answer(showing header: Secret? = nil, for call: Operation) async throws -> Answer {
        let isStep = call.kind != .versionCheck
        let call = isStep ? call.step(.versionCheck, "asking \(origin) how to log in") : call
        let url = try HTTPURL(origin, target: "/v2/")
        return try await retrier.run(call) {
            do {
                try await retrier.throttle.withoutPlace { try await attempt(url, header) }
                return .welcome
            } catch let rejection as ErrorResponse where rejection.isAboutCredentials {
                return .refused(rejection)
            }
        }
    }

    private func attempt(_ url: HTTPURL, _ header: Secret?) async throws {
        let response = try await transport.send(
            HTTPRequest(.get, url, authorization: header, timeouts: timeouts))
        retrier.events(
            .requestFinished(
                host: retrier.host.name, kind: .versionCheck, status: response.status, bytes: 0))
        guard response.status == 200 else {
            throw await ErrorResponse(response, from: .registry, at: origin, registry: retrier.host)
        }
        // Quay labels its own response as text/html too, so the bytes decide.
        guard WebPage.isResponse(200, response.fields) else { return }
        let bytes = await response.prefix(ErrorBody.maximumSize)
        guard !WebPage.isMarkup(bytes) else {
            let call = Operation(
                kind: .versionCheck, phrase: "asking \(origin) how to log in",
                registry: retrier.host)
            throw RegistryError(call, isNo: "registry's answer", bytes, response.fields)
        }
    }
}

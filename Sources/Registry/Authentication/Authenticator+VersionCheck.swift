// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// The result of `GET /v2/`.
enum VersionCheck: Sendable {
    case accepted
    case rejected(ErrorResponse)
}

/// The only request without a repository, `GET /v2/`.
///
/// A registry responds with its challenge even if it omits it elsewhere, and with 200 if the
/// credentials are sufficient.
///
/// Source: distribution-spec § Determining Support; gcr.io responds 401 without a challenge, GHCR
/// 403 without one after it has received credentials.
extension Authenticator {
    /// Returns the scheme that `GET /v2/` requires, and remembers it; `nil` if there is none.
    ///
    /// Requests that are rejected at the same time await one check. Only a response is kept:
    /// after a check that failed or was canceled, the next rejected request sends another one.
    func learnSchemeFromVersionCheck(for operation: Operation) async throws -> AuthScheme? {
        let result: VersionCheck
        do {
            result = try await versionChecks.value(for: policy.origin) {
                let step = operation.step(
                    .versionCheck, "checking the authentication of \(self.policy.origin)")
                do {
                    return try await self.checkVersion(for: step)
                } catch let error as RegistryError
                    where error.status != nil && !error.isTransient
                {
                    // A response such as 404 has no challenge and will not change.
                    return .accepted
                }
            }
        } catch is RegistryError {
            // The original error response is more useful than the failure of the check.
            return nil
        }
        guard case .rejected(let errorResponse) = result else { return nil }
        return try learnScheme(from: errorResponse, for: operation)
    }

    /// Sends a version check with an authorization.
    ///
    /// - Throws: ``RegistryError`` if there is no response, or one with another status.
    private func checkVersion(
        with authorization: Secret? = nil, for operation: Operation
    ) async throws -> VersionCheck {
        let (host, origin) = (policy.host, policy.origin)
        let request = HTTPRequest(
            .get, try HTTPURL(origin, target: "/v2/"), authorization: authorization,
            timeouts: executor.timeouts)
        return try await executor.run(operation, needsPermit: false) {
            let response = try await executor.hosts.send(request, .versionCheck, to: host.name)
            if response.status == 200 {
                try await checkContent(of: response, for: operation)
                return .accepted
            }
            let errorResponse = await ErrorResponse(
                response, from: .registry, at: origin, registry: host)
            guard errorResponse.isAboutCredentials else { throw errorResponse }
            return .rejected(errorResponse)
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

    /// Checks a credential without a repository.
    ///
    /// - Returns: A Boolean value that indicates whether the registry required credentials.
    /// - Throws: ``RegistryError`` if the credential is rejected.
    func verify(_ found: FoundCredential) async throws -> Bool {
        let operation = Operation(
            kind: .versionCheck, phrase: "logging in to \(policy.host)", registry: policy.host)
        guard case .rejected(let errorResponse) = try await checkVersion(for: operation)
        else { return false }
        guard let scheme = try policy.scheme(requiredBy: errorResponse, for: operation) else {
            throw RegistryError(operation, errorResponse)
        }
        try policy.check(found, for: scheme, operation)
        guard let authorization = try await authorization(with: found, scheme, for: operation)
        else {
            throw RegistryError(
                .denied, operation,
                "the registry requires a user and a password, not a refresh token")
        }
        if case .rejected(var rejection) = try await checkVersion(
            with: authorization, for: operation)
        {
            rejection.credential = .found(found)
            throw RegistryError(operation, rejection)
        }
        return true
    }

    /// Returns the value of `Authorization` for a credential, or `nil` if the scheme does not support
    /// it.
    private func authorization(
        with found: FoundCredential, _ scheme: AuthScheme, for operation: Operation
    ) async throws -> Secret? {
        switch scheme {
        case .basic: return found.credential.basicAuthorization
        case .bearer(let server, _):
            let request = TokenRequest(
                server: server, scopes: [], credential: found.credential)
            do {
                return try await tokens.token(request, for: operation).token
            } catch let error as RegistryError {
                throw error.naming(.found(found), for: operation)
            }
        }
    }
}

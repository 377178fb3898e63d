// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import Files
internal import HTTP
internal import StrictJSON
internal import TextSafety

/// Logs in to Azure's registries with a Microsoft Entra identity.
///
/// An Entra token is exchanged for a refresh token of the registry, which is valid for hours and
/// is the credential for the registry's token server.
///
/// Source: Azure's documentation of authentication with registries (`oauth2/exchange`).
actor EntraLogin {
    /// A refresh token of one registry.
    struct Login: Sendable {
        let token: Secret
        /// A Boolean value that indicates whether it was cached.
        var isCached: Bool

        var credential: Credential { .identityToken(token) }
    }

    private struct CacheKey: Hashable, Sendable {
        let identity: EntraIdentity
        let registry: Origin
        let service: String?
    }

    private let executor: RequestExecutor
    private var cached: [CacheKey: (token: Secret, until: Duration)] = [:]
    private let flights = SingleFlight<CacheKey, Secret>()

    init(executor: RequestExecutor) {
        self.executor = executor
    }

    /// Returns a refresh token, from the cache if it is still valid.
    ///
    /// - Throws: ``RegistryError`` if Entra or the registry rejects the identity or cannot be
    ///   reached.
    func login(
        _ identity: EntraIdentity, at registry: Origin, service: String?, for operation: Operation
    ) async throws -> Login {
        let key = CacheKey(identity: identity, registry: registry, service: service)
        let now = executor.hosts.time.now
        if let cached = cached[key], now() < cached.until {
            return Login(token: cached.token, isCached: true)
        }
        let token = try await flights.value(for: key) {
            let start = now()
            let token = try await self.exchange(
                try await self.entraToken(identity, for: operation), for: key, for: operation)
            let lifetime = Token.usableDuration(stated: nil, token: token.reveal())
            await self.store(token, for: key, until: start + lifetime)
            return token
        }
        return Login(token: token, isCached: false)
    }

    /// Removes a rejected login from the cache, unless it has already been replaced.
    func forget(_ login: Login) {
        cached = cached.filter { $0.value.token != login.token }
    }

    private func store(_ token: Secret, for key: CacheKey, until: Duration) {
        cached[key] = (token, until)
    }

    // MARK: Requests

    private nonisolated func entraToken(
        _ identity: EntraIdentity, for operation: Operation
    ) async throws -> Secret {
        let operation = operation.step(.token, "requesting a token from Microsoft Entra")
        do {
            switch identity.credential {
            case .clientSecret(let application, let secret):
                let request = application.httpRequest([("client_secret", secret.reveal())])
                return try token(
                    "access_token", in: await executor.content(of: request, for: operation),
                    operation)
            case .federatedToken(let application, let file):
                let request = application.httpRequest([
                    (
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                    ),
                    ("client_assertion", try assertion(in: file, operation)),
                ])
                return try token(
                    "access_token", in: await executor.content(of: request, for: operation),
                    operation)
            case .managedIdentity(let managed):
                let response = try await linkLocalExecutor.content(
                    of: managed.httpRequest(), timeouts: ManagedIdentity.timeouts, for: operation)
                return try token("access_token", in: response, operation)
            }
        } catch let error as RegistryError where [400, 401, 403].contains(error.status) {
            // OAuth uses 400 for most errors of the client (RFC 6749 §5.2).
            let reported = error.problems.map(\.description).joined(separator: ", ")
            throw RegistryError(
                .denied, operation,
                "\(identity.source) was rejected" + (reported.isEmpty ? "" : " (\(reported))"),
                hint:
                    "correct the AZURE_ variables, or log in with 'ocimirror login \(operation.registry)'",
                status: error.status)
        }
    }

    private nonisolated func exchange(
        _ token: Secret, for key: CacheKey, for operation: Operation
    ) async throws -> Secret {
        let operation = operation.step(
            .token, "logging in to \(key.registry) with Microsoft Entra")
        var form = [("grant_type", "access_token"), ("access_token", token.reveal())]
        if let service = key.service { form.append(("service", service)) }
        if let tenant = key.identity.tenant { form.append(("tenant", tenant)) }
        let url = try HTTPURL(key.registry, target: "/oauth2/exchange")
        let response = try await executor.content(of: .form(url, form), for: operation)
        return try self.token("refresh_token", in: response, operation)
    }

    /// The executor for link-local services.
    ///
    /// It makes fewer attempts, because these services respond immediately or not at all.
    private nonisolated var linkLocalExecutor: RequestExecutor {
        var executor = executor
        executor.policy.maximumAttempts = 3
        executor.policy.outlastsOutages = false
        return executor
    }

    private nonisolated func assertion(in file: String, _ operation: Operation) throws -> String {
        do {
            let bytes = try BoundedFile.read(file, limit: RequestExecutor.maximumContentSize)
            return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        } catch {
            throw RegistryError(.unavailable, operation, "AZURE_FEDERATED_TOKEN_FILE: \(error)")
        }
    }

    private nonisolated func token(
        _ name: String, in response: [UInt8], _ operation: Operation
    ) throws -> Secret {
        guard let text = (try? JSONValue(parsing: response))?[name]?.text, !text.isEmpty else {
            throw RegistryError(.unavailable, operation, "the response has no \(name)")
        }
        return Secret(text)
    }
}

extension EntraApplication {
    /// Returns a request for a token with the given credential.
    fileprivate func httpRequest(_ credential: [(String, String)]) -> HTTPRequest {
        .form(
            tokens,
            [
                ("grant_type", "client_credentials"), ("client_id", client),
                ("scope", AzureCloud.audience + "/.default"),
            ] + credential)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import AsyncPrimitives
internal import TextSafety

/// Negotiates the authentication scheme of a registry, and caches its challenges and tokens.
///
/// The first request is sent without credentials, because most content is public. The challenge of
/// a 401 is remembered, so that later requests are authorized at once.
actor Authenticator {
    let probe = AsyncCondition(AuthProbe.pending)

    /// The scopes of repositories that share a token.
    nonisolated let sharedScopes: SharedTokenScopes

    private let policy: CredentialPolicy
    private let resolver: CredentialResolver
    private let tokens: TokenCache
    private let versionCheck: VersionCheck

    private var scheme: AuthScheme?
    private let versionChecks = SingleFlight<Origin, VersionCheckResult>()
    /// The result of the version check, which is sent once.
    private var versionCheckResult: VersionCheckResult?
    /// Additional scopes that earlier requests needed.
    private var extendedScopes: [Access: [Scope]] = [:]

    init(
        host: RegistryHost, origin: Origin, settings: RegistrySettings,
        credentials: CredentialStore, tokenServer: TokenServer, versionCheck: VersionCheck,
        time: RetryTiming, events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.sharedScopes = SharedTokenScopes(at: host)
        self.policy = CredentialPolicy(host: host, origin: origin, settings: settings)
        self.resolver = CredentialResolver(
            host: host, credentials: credentials, time: time, events: events)
        self.tokens = TokenCache(server: tokenServer, time: time)
        self.versionCheck = versionCheck
    }

    /// Returns the authorization for the first attempt of an operation.
    ///
    /// - Throws: ``RegistryError`` if a token is required and cannot be obtained.
    func authorization(for operation: Operation) async throws -> Authorization {
        guard let scheme else { return Authorization() }
        return try await authorize(scheme, for: operation, as: try await identity(for: operation))
    }

    /// Returns the authorization to try after a 401 or 403, or `nil` if none is left.
    ///
    /// - Throws: ``RegistryError`` if credentials must not be sent, or if no token can be obtained.
    func authorization(
        for operation: Operation, after previous: Authorization, _ errorResponse: ErrorResponse
    ) async throws -> Authorization? {
        let requirement = try await requirement(of: errorResponse, for: operation)
        guard let scheme else { return nil }
        if previous.header == nil, !previous.isAnonymousFallback {
            let first = try await authorize(
                scheme, for: operation, as: try await identity(for: operation))
            return first.header == nil ? nil : first
        }
        if scheme != .basic, previous.remedies.isEmpty, sharedScopes.exclude(operation.access) {
            return try await authorize(scheme, for: operation, as: previous.identity)
                .adding(.unsharedToken, after: previous)
        }
        if previous.remedies.isSubset(of: [.unsharedToken]),
            let wider = additionalScopes(for: operation, naming: requirement?.scopes ?? [])
        {
            let authorization = try await authorize(
                scheme, for: operation, as: previous.identity, scopes: wider)
            if !authorization.isAnonymousFallback { extendedScopes[operation.access] = wider }
            return authorization.adding(.widerScope, after: previous)
        }
        // GHCR responds 403 without a challenge where an anonymous request receives 401.
        let isUnexplained = Challenge.all(in: errorResponse.fields).isEmpty
        if previous.isCached, !previous.remedies.contains(.newToken),
            errorResponse.status == 401 || isUnexplained
        {
            await tokens.forget(previous.header)
            return try await authorize(scheme, for: operation, as: previous.identity)
                .adding(.newToken, after: previous)
        }
        let isPasswordRejected = scheme == .basic && errorResponse.status == 401
        if isPasswordRejected, previous.remedies.isEmpty,
            let renewed = try await resolver.renewed(previous.identity, for: operation)
        {
            return try await authorize(scheme, for: operation, as: renewed)
                .adding(.newCredentials, after: previous)
        }
        let rejected = rejectedCredential(previous.identity, policy.host.name, errorResponse.status)
        if isPasswordRejected { await resolver.recordRejection(of: previous.identity, rejected) }
        // A token that only lacked a scope was issued for valid credentials.
        guard policy.mayFallBack(previous.identity, for: operation),
            !previous.remedies.contains(.widerScope)
        else { return nil }
        return try await fallBackToAnonymous(rejected, scheme, for: operation)
    }

    /// Records the outcome of a request, unless the registry requires another authorization.
    func recordResponse(
        to operation: Operation, with authorization: Authorization, isSuccess: Bool
    ) async {
        if let rejected = authorization.identity.replaces {
            await resolver.recordAnonymousResponse(
                to: operation, insteadOf: rejected, isSuccess: isSuccess)
        } else if isSuccess, scheme == .basic {
            await resolver.recordAcceptance(of: authorization.identity)
        }
    }

    /// Returns the rejected credential because of which a request would be sent anonymously.
    func rejectedCredential(for operation: Operation) async -> RejectedCredential? {
        guard policy.allowsAnonymous(operation) else { return nil }
        return await resolver.rejectedCredential(for: operation)
    }

    /// Checks a credential without a repository.
    ///
    /// - Returns: A Boolean value that indicates whether the registry required credentials.
    /// - Throws: ``RegistryError`` if the credential is rejected.
    func verify(_ credential: Credential) async throws -> Bool {
        let operation = Operation(
            kind: .versionCheck, phrase: "logging in to \(policy.host)", registry: policy.host)
        guard case .rejected(let errorResponse) = try await versionCheck.send(for: operation) else {
            return false
        }
        guard let scheme = try policy.requirement(in: errorResponse, for: operation)?.scheme else {
            throw RegistryError(operation, errorResponse)
        }
        let identity = FoundCredential(credential, source: nil)
        try policy.check(identity, for: scheme, operation)
        guard let header = try await makeAuthorization(identity, scheme, for: operation).header
        else {
            throw RegistryError(
                .denied, operation,
                "the registry requires a user and a password, not a refresh token")
        }
        let outcome = try await versionCheck.send(header, for: operation)
        if case .rejected(let errorResponse) = outcome {
            throw RegistryError(operation, errorResponse)
        }
        return true
    }

    // MARK: Authorization

    private func identity(for operation: Operation) async throws -> FoundCredential {
        try await resolver.identity(
            for: operation, allowsAnonymous: policy.allowsAnonymous(operation))
    }

    /// Returns an authorization for a scheme; falls back to renewed credentials or anonymous access
    /// if the token server rejects the credentials.
    private func authorize(
        _ scheme: AuthScheme, for operation: Operation, as identity: FoundCredential,
        scopes: [Scope]? = nil
    ) async throws -> Authorization {
        try policy.check(identity, for: scheme, operation)
        do {
            return try await makeAuthorization(identity, scheme, for: operation, scopes: scopes)
        } catch let denial as RegistryError
            where denial.failureClass == .denied && identity.credential != .none
        {
            if let renewed = try await resolver.renewed(identity, for: operation) {
                do {
                    return try await makeAuthorization(
                        renewed, scheme, for: operation, scopes: scopes)
                } catch let secondDenial as RegistryError where secondDenial.failureClass == .denied
                {
                    // The renewed credentials are handled like the rejected ones.
                }
            }
            let rejected = rejectedCredential(
                identity, scheme.host ?? policy.host.name, denial.status)
            await resolver.recordRejection(of: identity, rejected)
            guard policy.mayFallBack(identity, for: operation) else { throw denial }
            do {
                return try await fallBackToAnonymous(rejected, scheme, for: operation)
            } catch is RegistryError {
                throw denial
            }
        }
    }

    private func rejectedCredential(
        _ identity: FoundCredential, _ host: String, _ status: Int?
    ) -> RejectedCredential {
        RejectedCredential(
            registry: policy.host, source: identity.source ?? "unknown",
            user: identity.credential.displayUser, rejectedBy: host, status: status)
    }

    private func makeAuthorization(
        _ identity: FoundCredential, _ scheme: AuthScheme, for operation: Operation,
        scopes: [Scope]? = nil
    ) async throws -> Authorization {
        guard case .bearer(let realm, let service) = scheme else {
            let header = identity.credential.basicAuthorization
            if header != nil { await resolver.reportUse(of: identity) }
            return Authorization(header: header, identity: identity)
        }
        await resolver.reportUse(of: identity)
        let scopes = scopes ?? self.scopes(for: operation)
        let request = TokenRequest(
            realm: realm, service: service, scopes: scopes, credential: identity.credential)
        do {
            let (token, isCached) = try await tokens.token(request, for: operation)
            await resolver.recordAcceptance(of: identity)
            return Authorization(
                header: token.authorization, identity: identity, isCached: isCached)
        } catch let denial as RegistryError
            where denial.failureClass == .denied
            && sharedScopes.scopes(for: operation.access) == scopes
        {
            let own = try await makeAuthorization(
                identity, scheme, for: operation, scopes: operation.access.scopes)
            sharedScopes.recordUnsupported()
            return own
        } catch let error as RegistryError {
            throw error.attributed(to: identity.replaces)
        }
    }

    private func fallBackToAnonymous(
        _ rejected: RejectedCredential, _ scheme: AuthScheme, for operation: Operation
    ) async throws -> Authorization {
        var authorization = try await makeAuthorization(
            .anonymous(insteadOf: rejected), scheme, for: operation)
        authorization.isCached = false
        authorization.remedies.insert(.anonymousAccess)
        return authorization
    }

    /// Returns the scopes for an operation; Azure requires a separate permission to list tags,
    /// which few of its challenges name.
    private func scopes(for operation: Operation) -> [Scope] {
        if let extendedScopes = extendedScopes[operation.access] { return extendedScopes }
        guard operation.kind == .tagList, AzureCloud(of: policy.host) != nil else {
            return sharedScopes.scopes(for: operation.access) ?? operation.access.scopes
        }
        return operation.access.scopes(
            and: [Scope(repository: operation.access.repository, actions: [.metadataRead])])
    }

    /// Returns the scopes of an operation, extended by those in a challenge, or `nil` if none of
    /// them is new.
    private func additionalScopes(for operation: Operation, naming named: [Scope]) -> [Scope]? {
        let before = scopes(for: operation)
        let after = operation.access.scopes(and: named + before)
        return after == before ? nil : after
    }

    // MARK: Requirements

    /// Returns the requirement of an error response, and remembers its scheme; `nil` if it states
    /// none.
    private func requirement(of errorResponse: ErrorResponse, for operation: Operation) async throws
        -> AuthRequirement?
    {
        var requirement = try policy.requirement(in: errorResponse, for: operation)
        if requirement == nil, scheme == nil {
            requirement = try await versionCheckRequirement(for: operation)
        }
        if let requirement { scheme = requirement.scheme }
        return requirement
    }

    /// Returns the requirement of `GET /v2/`, or `nil` if there is none.
    ///
    /// Requests that are rejected at the same time await one check. Only a response is cached:
    /// after a check that failed or was canceled, the next rejected request sends another one.
    private func versionCheckRequirement(for operation: Operation) async throws -> AuthRequirement?
    {
        let result: VersionCheckResult
        if let known = versionCheckResult {
            result = known
        } else {
            do {
                result = try await versionChecks.value(for: policy.origin) {
                    try await self.checkVersion(for: operation)
                }
            } catch is RegistryError {
                // The original error response is more useful than the failure of the check.
                return nil
            }
        }
        return try result.errorResponse.flatMap { try policy.requirement(in: $0, for: operation) }
    }

    /// Sends a version check, and stores its result before the waiting requests are resumed.
    private func checkVersion(for operation: Operation) async throws -> VersionCheckResult {
        let result: VersionCheckResult
        do {
            result = VersionCheckResult(try await versionCheck.send(for: operation))
        } catch let error as RegistryError where error.status != nil && !error.isTransient {
            // A response such as 404 has no challenge and will not change.
            result = VersionCheckResult(.accepted)
        }
        versionCheckResult = result
        return result
    }
}

/// The cached result of a version check; `rejection` is set if the registry requires credentials.
private struct VersionCheckResult: Sendable {
    let errorResponse: ErrorResponse?

    init(_ outcome: VersionCheck.Outcome) {
        if case .rejected(let errorResponse) = outcome {
            self.errorResponse = errorResponse
        } else {
            errorResponse = nil
        }
    }
}

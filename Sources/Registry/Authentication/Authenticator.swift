// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// Authorizes the requests to one registry: performs the steps of each ``AuthNegotiation``, and
/// remembers what later requests can use.
final class Authenticator: Sendable {
    /// The state of the first request to a registry.
    private enum Probe: Sendable {
        case pending
        case inFlight
        case finished
    }

    /// The knowledge about the registry.
    private struct Knowledge: Sendable {
        var scheme: AuthScheme?
        /// The additional scopes that earlier requests needed.
        var requiredScopes: [Access: [Scope]] = [:]
        /// The scopes of repositories that share a token.
        var sharedScopes: SharedTokenScopes
        /// The result of the version check, which is sent once.
        var versionCheck: VersionCheck?
    }

    private enum VersionCheck: Sendable {
        case accepted
        case rejected(ErrorResponse)
    }

    private let policy: CredentialPolicy
    private let profile: RegistryProfile
    private let resolver: CredentialResolver
    private let client: TokenClient
    private let tokens: TokenCache
    private let probe = AsyncCondition(Probe.pending)
    private let versionChecks = SingleFlight<Origin, VersionCheck>()
    private let knowledge: Mutex<Knowledge>

    init(policy: CredentialPolicy, resolver: CredentialResolver, client: TokenClient) {
        self.policy = policy
        self.resolver = resolver
        self.client = client
        self.tokens = TokenCache(client: client)
        self.profile = RegistryProfile.of(policy.host)
        self.knowledge = Mutex(
            Knowledge(sharedScopes: SharedTokenScopes(isSupported: profile.sharesTokens)))
    }

    /// Records repositories that will be read.
    func expect(_ paths: [String]) {
        knowledge.withLock { $0.sharedScopes.expect(paths) }
    }

    // MARK: The first request

    /// Waits until the first request to the registry has finished, so that concurrent requests
    /// share the challenge that it receives.
    ///
    /// - Returns: A Boolean value that indicates whether the caller sends the first request and
    ///   must report its end.
    /// - Throws: `CancellationError`.
    func beginProbe() async throws -> Bool {
        try await probe.take { state -> Bool? in
            switch state {
            case .pending:
                state = .inFlight
                return true
            case .inFlight: return nil
            case .finished: return false
            }
        }
    }

    /// Resumes all waiting requests, whether or not the probe succeeded.
    ///
    /// A failed probe has nothing to share. If it was canceled, another request becomes the probe.
    func endProbe(isCancelled: Bool) {
        probe.change { $0 = isCancelled ? .pending : .finished }
    }

    // MARK: Negotiations

    /// Returns a negotiation that uses what earlier requests learned.
    func negotiation(of operation: Operation) -> AuthNegotiation {
        let allowsAnonymous = policy.allowsAnonymous(operation)
        let access = operation.access
        let actions = operation.kind == .tagList ? profile.tagListActions : []
        let scopes = access.scopes(and: [Scope(repository: access.repository, actions: actions)])
        return knowledge.withLock { knowledge in
            let required = knowledge.requiredScopes[access]
            let mayShare = required == nil && scopes == access.scopes
            return AuthNegotiation(
                of: operation, scheme: knowledge.scheme, scopes: required ?? scopes,
                sharedScopes: mayShare ? knowledge.sharedScopes.scopes(for: access) : nil,
                allowsAnonymous: allowsAnonymous)
        }
    }

    /// Continues a negotiation until the request can be sent.
    ///
    /// - Parameters:
    ///   - negotiation: The negotiation.
    ///   - errorResponse: The 401 or 403 that the request received, or `nil` before the first
    ///     attempt.
    /// - Returns: The value of `Authorization` to send, or `nil` for none.
    /// - Throws: ``RegistryError`` if credentials must not be sent, or if no token can be obtained;
    ///   `errorResponse` if no remedy is left.
    func authorization(
        for negotiation: inout AuthNegotiation, after errorResponse: ErrorResponse? = nil
    ) async throws -> Secret? {
        let operation = negotiation.operation
        var step: AuthNegotiation.Step
        if let errorResponse {
            let requirement = try requirement(in: errorResponse, for: operation)
            step = negotiation.next(after: .rejected(status: errorResponse.status, requirement))
        } else {
            step = negotiation.firstStep
        }
        var denial: RegistryError?
        while true {
            for fact in negotiation.takeFacts() { await record(fact, for: operation.access) }
            switch step {
            case .send(let authorization):
                try await checkUse(of: negotiation)
                return authorization
            case .fail:
                if let denial { throw denial }
                if let errorResponse { throw errorResponse }
                return nil
            case .checkVersion:
                let requirement = try await versionCheckRequirement(for: operation)
                step = negotiation.next(after: .versionChecked(requirement))
            case .findCredential:
                let found = try await resolver.credential(
                    for: operation, allowsAnonymous: policy.allowsAnonymous(operation))
                step = negotiation.next(after: .credential(found))
            case .renewCredential(let rejected):
                let renewed = try await resolver.renewed(rejected, for: operation)
                step = negotiation.next(after: .renewedCredential(renewed))
            case .requestToken(let request, let rejected):
                try await checkUse(of: negotiation)
                do {
                    let (token, isCached) = try await tokens.token(
                        request, otherThan: rejected, for: operation)
                    step = negotiation.next(after: .token(token, isCached: isCached))
                } catch let error as RegistryError {
                    let isDenial = error.failureClass == .denied
                    let named = error.naming(
                        negotiation.credential ?? .anonymous(), for: operation)
                    guard isDenial || negotiation.isAnonymousFallback else { throw named }
                    denial = denial ?? named
                    step = negotiation.next(after: .tokenDenied(status: error.status))
                }
            }
        }
    }

    /// Checks that the credential of a negotiation may be sent, and reports its use.
    private func checkUse(of negotiation: AuthNegotiation) async throws {
        guard case .found(let found)? = negotiation.credential, let scheme = negotiation.scheme
        else { return }
        try policy.check(found, for: scheme, negotiation.operation)
        await resolver.reportUse(of: found)
    }

    private func record(_ fact: AuthNegotiation.Fact, for access: Access) async {
        switch fact {
        case .sharedTokenRejected:
            knowledge.withLock { $0.sharedScopes.exclude(access) }
        case .sharedTokensUnsupported:
            knowledge.withLock { $0.sharedScopes.recordUnsupported() }
        case .scopesRequired(let scopes):
            knowledge.withLock { $0.requiredScopes[access] = scopes }
        case .credentialAccepted(let found):
            await resolver.recordAcceptance(of: found)
        case .credentialRejected(let found, let rejected):
            await resolver.recordRejection(of: found, rejected)
        }
    }

    /// Returns the requirement of an error response, and remembers its scheme.
    private func requirement(
        in errorResponse: ErrorResponse, for operation: Operation
    ) throws -> AuthRequirement? {
        let requirement = try policy.requirement(in: errorResponse, for: operation)
        if let requirement { knowledge.withLock { $0.scheme = requirement.scheme } }
        return requirement
    }

    /// Records the outcome of a request, unless the registry requires another authorization.
    func recordResponse(to negotiation: AuthNegotiation, isSuccess: Bool) async {
        switch negotiation.credential {
        case .anonymous(insteadOf: let rejected?)?:
            await resolver.recordAnonymousResponse(
                to: negotiation.operation, insteadOf: rejected, isSuccess: isSuccess)
        case .found(let found)? where isSuccess && negotiation.scheme == .basic:
            await resolver.recordAcceptance(of: found)
        case .anonymous, .found, nil: break
        }
    }

    /// Returns the rejected credential because of which a request would be sent anonymously.
    func rejectedCredential(for operation: Operation) async -> RejectedCredential? {
        guard policy.allowsAnonymous(operation) else { return nil }
        return await resolver.rejectedCredential(for: operation)
    }

    // MARK: Version checks

    /// Returns the requirement of `GET /v2/`, or `nil` if there is none.
    ///
    /// Requests that are rejected at the same time await one check. Only a response is cached:
    /// after a check that failed or was canceled, the next rejected request sends another one.
    private func versionCheckRequirement(
        for operation: Operation
    ) async throws -> AuthRequirement? {
        let result: VersionCheck
        if let known = knowledge.withLock({ $0.versionCheck }) {
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
        guard case .rejected(let errorResponse) = result else { return nil }
        return try requirement(in: errorResponse, for: operation)
    }

    /// Sends a version check, and stores its result before the waiting requests are resumed.
    private func checkVersion(for operation: Operation) async throws -> VersionCheck {
        let result: VersionCheck
        do {
            result =
                try await client.checkVersion(for: operation).map { .rejected($0) } ?? .accepted
        } catch let error as RegistryError where error.status != nil && !error.isTransient {
            // A response such as 404 has no challenge and will not change.
            result = .accepted
        }
        knowledge.withLock { $0.versionCheck = result }
        return result
    }

    /// Checks a credential without a repository.
    ///
    /// - Returns: A Boolean value that indicates whether the registry required credentials.
    /// - Throws: ``RegistryError`` if the credential is rejected.
    func verify(_ found: FoundCredential) async throws -> Bool {
        let operation = Operation(
            kind: .versionCheck, phrase: "logging in to \(policy.host)", registry: policy.host)
        guard let challenge = try await client.checkVersion(for: operation) else { return false }
        guard let scheme = try policy.requirement(in: challenge, for: operation)?.scheme else {
            throw RegistryError(operation, challenge)
        }
        try policy.check(found, for: scheme, operation)
        guard let authorization = try await authorization(with: found, scheme, for: operation)
        else {
            throw RegistryError(
                .denied, operation,
                "the registry requires a user and a password, not a refresh token")
        }
        if var rejection = try await client.checkVersion(with: authorization, for: operation) {
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
        case .bearer(let realm, let service):
            let request = TokenRequest(
                realm: realm, service: service, scopes: [], credential: found.credential)
            do {
                return try await tokens.token(request, for: operation).token
            } catch let error as RegistryError {
                throw error.naming(.found(found), for: operation)
            }
        }
    }
}

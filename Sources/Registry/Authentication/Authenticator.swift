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
    private enum FirstRequest: Sendable {
        case pending
        case inFlight
        case finished
    }

    /// The knowledge about the registry.
    struct Knowledge: Sendable {
        var scheme: AuthScheme?
        /// The additional scopes that earlier requests needed.
        var requiredScopes: [Access: [Scope]] = [:]
        /// The scopes of repositories that share a token.
        var sharedScopes: SharedTokenScopes
        /// A Boolean value that indicates whether the registry has accepted credentials.
        var hasAcceptedCredentials = false
    }

    let policy: CredentialPolicy
    let executor: RequestExecutor
    let tokens: TokenCache
    /// The version check, which is sent until it receives a response.
    let versionChecks = SingleFlight<Origin, VersionCheck>(keepsResults: true, keepsErrors: false)
    let knowledge: Mutex<Knowledge>
    private let resolver: CredentialResolver
    private let profile: RegistryProfile
    private let firstRequest = AsyncCondition(FirstRequest.pending)

    init(policy: CredentialPolicy, credentials: CredentialStore, executor: RequestExecutor) {
        self.policy = policy
        self.executor = executor
        self.resolver = CredentialResolver(
            host: policy.host, credentials: credentials, time: executor.hosts.time,
            events: executor.hosts.events)
        self.tokens = TokenCache(executor: executor)
        self.profile = RegistryProfile.of(policy.host)
        self.knowledge = Mutex(
            Knowledge(sharedScopes: SharedTokenScopes(isSupported: profile.sharesTokens)))
    }

    /// Records repositories that will be read.
    func expect(_ paths: [String]) {
        knowledge.withLock { $0.sharedScopes.expect(paths) }
    }

    /// A Boolean value that indicates whether the registry has accepted credentials.
    var hasAcceptedCredentials: Bool { knowledge.withLock { $0.hasAcceptedCredentials } }

    /// Authorizes a request until it is accepted or no other authorization is left.
    ///
    /// - Parameters:
    ///   - operation: The operation of the request.
    ///   - send: Sends the request with the given value of `Authorization`.
    /// - Returns: The response to the last request.
    /// - Throws: ``RegistryError`` if credentials must not be sent, or if no token can be obtained;
    ///   what `send` throws, if no remedy is left.
    func authorize(
        _ operation: Operation, _ send: (Secret?) async throws -> RegistryResponse
    ) async throws -> RegistryResponse {
        let isFirst = try await beginFirstRequest()
        defer { if isFirst { endFirstRequest(isCanceled: Task.isCancelled) } }
        var negotiation = negotiation(of: operation)
        var authorization = try await perform(negotiation.firstStep, of: &negotiation)
        while true {
            do {
                let response = try await send(authorization)
                let isHidden = negotiation.finish(status: response.status)
                await recordFacts(of: &negotiation)
                guard !isHidden else {
                    throw RegistryError(.missing, operation, "not found (404)", status: 404)
                        .naming(negotiation.sentCredential, for: operation)
                }
                return response
            } catch var errorResponse as ErrorResponse {
                errorResponse.credential = negotiation.sentCredential
                guard errorResponse.isAboutCredentials else {
                    negotiation.finish(status: nil)
                    await recordFacts(of: &negotiation)
                    throw errorResponse
                }
                errorResponse.hadToken = negotiation.hadToken
                let scheme = try learnScheme(from: errorResponse, for: operation)
                let step = negotiation.next(
                    after: .rejected(status: errorResponse.status, scheme))
                authorization = try await perform(step, of: &negotiation, after: errorResponse)
            }
        }
    }

    // MARK: The first request

    /// Waits until the first request to the registry has finished, so that concurrent requests
    /// share the challenge that it receives.
    ///
    /// - Returns: A Boolean value that indicates whether the caller sends the first request and
    ///   must report its end.
    /// - Throws: `CancellationError`.
    private func beginFirstRequest() async throws -> Bool {
        try await firstRequest.take { state -> Bool? in
            switch state {
            case .pending:
                state = .inFlight
                return true
            case .inFlight: return nil
            case .finished: return false
            }
        }
    }

    /// Resumes all waiting requests, whether or not the first one succeeded.
    ///
    /// A failed request has nothing to share. If it was canceled, another one becomes the first.
    private func endFirstRequest(isCanceled: Bool) {
        firstRequest.change { $0 = isCanceled ? .pending : .finished }
    }

    // MARK: Negotiations

    /// Returns a negotiation that uses what earlier requests learned.
    private func negotiation(of operation: Operation) -> AuthNegotiation {
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

    /// Performs a step of a negotiation, and those that follow, until the request can be sent.
    ///
    /// - Parameters:
    ///   - firstStep: The step.
    ///   - negotiation: The negotiation.
    ///   - errorResponse: The 401 or 403 that the request received, or `nil` before the first
    ///     attempt.
    /// - Returns: The value of `Authorization` to send, or `nil` for none.
    /// - Throws: ``RegistryError`` if credentials must not be sent, or if no token can be obtained;
    ///   `errorResponse` if no remedy is left.
    private func perform(
        _ firstStep: AuthNegotiation.Step, of negotiation: inout AuthNegotiation,
        after errorResponse: ErrorResponse? = nil
    ) async throws -> Secret? {
        let operation = negotiation.operation
        var step = firstStep
        var denial: RegistryError?
        while true {
            await recordFacts(of: &negotiation)
            switch step {
            case .send(let authorization):
                try await checkUse(of: negotiation)
                return authorization
            case .fail:
                if let denial { throw denial }
                guard let errorResponse else {
                    preconditionFailure("a negotiation fails only after an error response")
                }
                throw errorResponse
            case .checkVersion:
                let scheme = try await learnSchemeFromVersionCheck(for: operation)
                step = negotiation.next(after: .versionChecked(scheme))
            case .findCredential:
                let found = try await resolver.credential(
                    for: operation, allowsAnonymous: negotiation.allowsAnonymous)
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
                    let named = error.naming(negotiation.credential, for: operation)
                    guard isDenial || negotiation.hasFallenBack else { throw named }
                    denial = denial ?? named
                    step = negotiation.next(after: .tokenDenied(status: error.status))
                }
            }
        }
    }

    /// Checks that the credential of a negotiation may be sent, and reports its use.
    private func checkUse(of negotiation: AuthNegotiation) async throws {
        guard case .found(let found) = negotiation.credential, let scheme = negotiation.scheme
        else { return }
        try policy.check(found, for: scheme, negotiation.operation)
        await resolver.reportUse(of: found)
    }

    // MARK: Knowledge

    /// Records the facts that a negotiation has learned, for later requests.
    private func recordFacts(of negotiation: inout AuthNegotiation) async {
        let operation = negotiation.operation
        for fact in negotiation.takeFacts() {
            switch fact {
            case .sharedTokenRejected:
                knowledge.withLock { $0.sharedScopes.exclude(operation.access) }
            case .sharedTokensUnsupported:
                knowledge.withLock { $0.sharedScopes.recordUnsupported() }
            case .scopesRequired(let scopes):
                knowledge.withLock { $0.requiredScopes[operation.access] = scopes }
            case .credentialAccepted(let found):
                await resolver.recordAcceptance(of: found)
            case .requestAccepted:
                knowledge.withLock { $0.hasAcceptedCredentials = true }
            case .credentialRejected(let found, let rejected):
                await resolver.recordRejection(of: found, rejected)
            case .anonymousResponse(insteadOf: let rejected, let isSuccess):
                await resolver.recordAnonymousResponse(
                    to: operation, insteadOf: rejected, isSuccess: isSuccess)
            }
        }
    }

    /// Returns the scheme that an error response requires, and remembers it.
    func learnScheme(
        from errorResponse: ErrorResponse, for operation: Operation
    ) throws -> AuthScheme? {
        let scheme = try policy.scheme(requiredBy: errorResponse, for: operation)
        if let scheme { knowledge.withLock { $0.scheme = scheme } }
        return scheme
    }

    /// Returns the rejected credential because of which a request would be sent anonymously.
    func rejectedCredential(for operation: Operation) async -> RejectedCredential? {
        guard policy.allowsAnonymous(operation) else { return nil }
        return await resolver.rejectedCredential(for: operation)
    }
}

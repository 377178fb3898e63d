// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import AsyncPrimitives
internal import TextSafety

/// Finds out how a registry wants to be asked, and keeps what it has learned and been given.
///
/// The first request goes without credentials, since most content is public. What a 401 asks for
/// is remembered, so that later requests carry it at once.
actor Authenticator {
    let firstExchange = AsyncCondition(AuthProbe.ahead)

    /// Who shares tokens.
    nonisolated let companions: SharedTokenScopes

    private let rule: CredentialPolicy
    private let identities: CredentialResolver
    private let tokens: TokenCache
    private let versionCheck: VersionCheck

    private var offer: AuthScheme?
    private let versionChecks = SingleFlight<Origin, VersionCheckResult>()
    /// The registry's answer to the request for its challenge alone, which is sent once.
    private var versionCheckResult: VersionCheckResult?
    /// Scopes that turned out to be needed.
    private var widened: [Access: [Scope]] = [:]

    init(
        host: RegistryHost, origin: Origin, settings: RegistrySettings,
        credentials: CredentialStore, tokenServer: TokenServer, versionCheck: VersionCheck,
        time: RetryTiming, events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.companions = SharedTokenScopes(at: host)
        self.rule = CredentialPolicy(host: host, origin: origin, settings: settings)
        self.identities = CredentialResolver(
            host: host, credentials: credentials, time: time, events: events)
        self.tokens = TokenCache(server: tokenServer, time: time)
        self.versionCheck = versionCheck
    }

    /// Returns what the first attempt of a call shows.
    ///
    /// - Throws: ``RegistryError`` where a token is needed and refused.
    func authorization(for call: Operation) async throws -> Authorization {
        guard let offer else { return Authorization() }
        return try await accept(offer, for: call, as: try await identity(for: call))
    }

    /// Returns what to show after a refusal; nil where there is nothing better to show.
    ///
    /// - Throws: ``RegistryError`` where the challenge must not be answered, or a token is refused.
    func authorization(
        for call: Operation, after refused: Authorization, _ rejection: ErrorResponse
    ) async throws -> Authorization? {
        let demand = try await demand(of: rejection, for: call)
        guard let offer else { return nil }
        if refused.header == nil, !refused.isFallback {
            let first = try await accept(offer, for: call, as: try await identity(for: call))
            return first.header == nil ? nil : first
        }
        if offer != .basic, refused.remedies.isEmpty, companions.leave(call.access) {
            return try await accept(offer, for: call, as: refused.identity)
                .made(better: .ownToken, than: refused)
        }
        if refused.remedies.isSubset(of: [.ownToken]),
            let wider = widerScopes(for: call, naming: demand?.scopes ?? [])
        {
            let authorization = try await accept(
                offer, for: call, as: refused.identity, asking: wider)
            if !authorization.isFallback { widened[call.access] = wider }
            return authorization.made(better: .widerScope, than: refused)
        }
        // GHCR answers 403 without a challenge where it would have answered 401 to nobody.
        let isUnexplained = Challenge.all(in: rejection.fields).isEmpty
        if refused.isKept, !refused.remedies.contains(.newToken),
            rejection.status == 401 || isUnexplained
        {
            await tokens.forget(refused.header)
            return try await accept(offer, for: call, as: refused.identity)
                .made(better: .newToken, than: refused)
        }
        let isPasswordRejected = offer == .basic && rejection.status == 401
        if isPasswordRejected, refused.remedies.isEmpty,
            let renewed = try await identities.renewed(refused.identity, for: call)
        {
            return try await accept(offer, for: call, as: renewed)
                .made(better: .newCredentials, than: refused)
        }
        let rejected = rejectedCredential(refused.identity, rule.host.name, rejection.status)
        if isPasswordRejected { await identities.rejected(refused.identity, rejected) }
        // A token that only lacked a right was given for good credentials.
        guard rule.mayLeaveOut(refused.identity, for: call),
            !refused.remedies.contains(.widerScope)
        else { return nil }
        return try await leaveOut(rejected, offer, for: call)
    }

    /// Records how the registry answered a call, unless it wants another authorization.
    func answered(
        _ call: Operation, with authorization: Authorization, isSuccess: Bool
    ) async {
        if let rejected = authorization.identity.replaces {
            await identities.answered(call, insteadOf: rejected, isSuccess: isSuccess)
        } else if isSuccess, offer == .basic {
            await identities.accepted(authorization.identity)
        }
    }

    /// Returns the rejected credential because of which a call would be sent anonymously.
    func rejection(for call: Operation) async -> RejectedCredential? {
        guard rule.allowsAnonymous(call) else { return nil }
        return await identities.rejection(for: call)
    }

    /// Shows a credential where no repository is named, and tells whether the registry wanted any.
    ///
    /// - Throws: ``RegistryError`` where it is refused.
    func verify(_ credential: Credential) async throws -> Bool {
        let call = Operation(
            kind: .versionCheck, phrase: "logging in to \(rule.host)", registry: rule.host)
        guard case .refused(let rejection) = try await versionCheck.answer(for: call) else {
            return false
        }
        guard let offer = try rule.demand(in: rejection, for: call)?.offer else {
            throw RegistryError(call, rejection)
        }
        let identity = FoundCredential(credential, source: nil)
        try rule.check(identity, shownFor: offer, call)
        guard let header = try await show(identity, offer, for: call).header else {
            throw RegistryError(
                .denied, call, "the registry wants a user and a password, not a refresh token")
        }
        let answer = try await versionCheck.answer(showing: header, for: call)
        if case .refused(let rejection) = answer { throw RegistryError(call, rejection) }
        return true
    }

    // MARK: What to show

    private func identity(for call: Operation) async throws -> FoundCredential {
        try await identities.identity(for: call, allowsAnonymous: rule.allowsAnonymous(call))
    }

    /// Answers an offer as somebody, or as somebody else where the token server will not have them.
    private func accept(
        _ offer: AuthScheme, for call: Operation, as identity: FoundCredential,
        asking scopes: [Scope]? = nil
    ) async throws -> Authorization {
        try rule.check(identity, shownFor: offer, call)
        do {
            return try await show(identity, offer, for: call, asking: scopes)
        } catch let refusal as RegistryError
            where refusal.failureClass == .denied && identity.credential != .none
        {
            if let renewed = try await identities.renewed(identity, for: call) {
                do {
                    return try await show(renewed, offer, for: call, asking: scopes)
                } catch let again as RegistryError where again.failureClass == .denied {
                    // The new ones are no better, and what holds for the old ones holds for them.
                }
            }
            let rejected = rejectedCredential(
                identity, offer.host ?? rule.host.name, refusal.status)
            await identities.rejected(identity, rejected)
            guard rule.mayLeaveOut(identity, for: call) else { throw refusal }
            do {
                return try await leaveOut(rejected, offer, for: call)
            } catch is RegistryError {
                throw refusal
            }
        }
    }

    private func rejectedCredential(
        _ identity: FoundCredential, _ host: String, _ status: Int?
    ) -> RejectedCredential {
        RejectedCredential(
            registry: rule.host, source: identity.source ?? "unknown",
            user: identity.credential.shownUser, rejectedBy: host, status: status)
    }

    private func show(
        _ identity: FoundCredential, _ offer: AuthScheme, for call: Operation,
        asking scopes: [Scope]? = nil
    ) async throws -> Authorization {
        guard case .bearer(let realm, let service) = offer else {
            let header = identity.credential.basicAuthorization
            if header != nil { await identities.announce(identity) }
            return Authorization(header: header, identity: identity)
        }
        await identities.announce(identity)
        let scopes = scopes ?? self.scopes(for: call)
        let request = TokenRequest(
            realm: realm, service: service, scopes: scopes, credential: identity.credential)
        do {
            let (token, isKept) = try await tokens.token(request, for: call)
            await identities.accepted(identity)
            return Authorization(header: token.authorization, identity: identity, isKept: isKept)
        } catch let refusal as RegistryError
            where refusal.failureClass == .denied && companions.scopes(for: call.access) == scopes
        {
            let own = try await show(identity, offer, for: call, asking: call.access.scopes)
            companions.disband()
            return own
        } catch let error as RegistryError {
            throw error.attributed(to: identity.replaces)
        }
    }

    private func leaveOut(
        _ rejected: RejectedCredential, _ offer: AuthScheme, for call: Operation
    ) async throws -> Authorization {
        var authorization = try await show(
            .anonymous(insteadOf: rejected), offer, for: call)
        authorization.isKept = false
        authorization.remedies.insert(.anonymity)
        return authorization
    }

    /// Azure's registries want a right of its own for listing tags, which few of them name.
    private func scopes(for call: Operation) -> [Scope] {
        if let widened = widened[call.access] { return widened }
        guard call.kind == .tagList, AzureCloud(of: rule.host) != nil else {
            return companions.scopes(for: call.access) ?? call.access.scopes
        }
        return call.access.scopes(
            and: [Scope(repository: call.access.repository, actions: [.metadataRead])])
    }

    /// Returns the scopes of a call with those that a refusal names, or `nil` if none of them is new.
    private func widerScopes(for call: Operation, naming named: [Scope]) -> [Scope]? {
        let before = scopes(for: call)
        let after = call.access.scopes(and: named + before)
        return after == before ? nil : after
    }

    // MARK: What was offered

    /// Returns what a refusal asks for, and remembers it; nil where it asks for nothing.
    private func demand(of rejection: ErrorResponse, for call: Operation) async throws
        -> AuthRequirement?
    {
        var demand = try rule.demand(in: rejection, for: call)
        if demand == nil, offer == nil {
            demand = try await demandOfVersionCheck(for: call)
        }
        if let demand { offer = demand.offer }
        return demand
    }

    /// Returns the challenge of `GET /v2/`, or `nil` if there is none.
    ///
    /// Requests that are refused at the same time await one check. Only an answer is kept: after a
    /// check that failed or was cancelled, the next refused request sends another one.
    private func demandOfVersionCheck(for call: Operation) async throws -> AuthRequirement? {
        let result: VersionCheckResult
        if let known = versionCheckResult {
            result = known
        } else {
            do {
                result = try await versionChecks.value(for: rule.origin) {
                    try await self.checkVersion(for: call)
                }
            } catch is RegistryError {
                // The refusal that made us ask says more than that nobody explains it.
                return nil
            }
        }
        return try result.rejection.flatMap { try rule.demand(in: $0, for: call) }
    }

    /// Sends a version check, and keeps its answer before the requests that await it go on.
    private func checkVersion(for call: Operation) async throws -> VersionCheckResult {
        let result: VersionCheckResult
        do {
            result = VersionCheckResult(try await versionCheck.answer(for: call))
        } catch let error as RegistryError where error.status != nil && !error.isTransient {
            // An answer too, such as 404: it explains nothing and will not change.
            result = VersionCheckResult(.welcome)
        }
        versionCheckResult = result
        return result
    }
}

/// The registry's answer to a version check; a rejection if it asks for credentials.
private struct VersionCheckResult: Sendable {
    let rejection: ErrorResponse?

    init(_ answer: VersionCheck.Answer) {
        if case .refused(let rejection) = answer {
            self.rejection = rejection
        } else {
            rejection = nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import Waiting
internal import Wording

/// Finds out how a registry wants to be asked, and keeps what it has learned and been given.
///
/// The first request goes without credentials, since most content is public. What a 401 asks for
/// is remembered, so that later requests carry it at once.
actor Authenticator {
    let firstExchange = WaitList(FirstExchange.ahead)

    private let host: RegistryHost
    private let origin: Origin
    private let settings: RegistrySettings
    private let credentials: CredentialStore
    private let tokens: TokenCache
    private let versionCheck: VersionCheck
    private let time: Timekeeper
    private let events: @Sendable (RegistryEvent) -> Void

    private var offer: Offer?
    private let versionChecks = SharedFlights<Origin, Demand?>()
    /// Whether the registry has been asked for its challenge alone, which is done once.
    private var isVersionChecked = false
    /// Scopes that turned out to be needed.
    private var widened: [Access: [Scope]] = [:]
    /// Repositories that are read without the credentials that were refused for them.
    private var readAnonymously: Set<String> = []
    private var announcedSources: Set<String> = []
    /// When a refused credential was last looked for anew.
    private var rereadAt: [Credential: Duration] = [:]

    init(
        host: RegistryHost, origin: Origin, settings: RegistrySettings,
        credentials: CredentialStore, tokenServer: TokenServer, versionCheck: VersionCheck,
        time: Timekeeper, events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.host = host
        self.origin = origin
        self.settings = settings
        self.credentials = credentials
        self.tokens = TokenCache(server: tokenServer, time: time)
        self.versionCheck = versionCheck
        self.time = time
        self.events = events
    }

    /// Returns what the first attempt of a call shows.
    ///
    /// - Throws: ``RegistryError`` where a token is needed and refused.
    func authorization(for call: Operation) async throws -> Authorization {
        guard let offer else { return Authorization() }
        return try await accept(offer, for: call, as: try await identity(for: call))
            ?? Authorization()
    }

    /// Returns what to show after a refusal; nil where there is nothing better to show.
    ///
    /// - Throws: ``RegistryError`` where the challenge must not be answered, or a token is refused.
    func authorization(
        for call: Operation, after refused: Authorization, _ rejection: Rejection
    ) async throws -> Authorization? {
        let demand = try await demand(of: rejection, for: call)
        guard let offer else { return nil }
        if refused.header == nil, !refused.isFallback {
            return try await accept(offer, for: call, as: try await identity(for: call))
        }
        if refused.remedies.isEmpty, widen(call, by: demand?.scopes ?? []) {
            return try await accept(offer, for: call, as: refused.identity)?
                .made(better: .widerScope, than: refused)
        }
        // GHCR answers 403 without a challenge where it would have answered 401 to nobody.
        let isUnexplained = Challenge.all(in: rejection.fields).isEmpty
        if refused.isKept, !refused.remedies.contains(.newToken),
            rejection.status == 401 || isUnexplained
        {
            await tokens.forget(refused.header)
            return try await accept(offer, for: call, as: refused.identity)?
                .made(better: .newToken, than: refused)
        }
        if offer == .basic, rejection.status == 401, refused.remedies.isEmpty,
            let renewed = try await renewed(refused.identity, for: call)
        {
            return try await accept(offer, for: call, as: renewed)?
                .made(better: .newCredentials, than: refused)
        }
        // A token that only lacked a right was given for good credentials.
        guard mayFallBack(call, refused.identity), !refused.remedies.contains(.widerScope) else {
            return nil
        }
        return try await fallBack(offer, for: call, from: refused.identity)
    }

    /// Notes that the registry took what it was shown.
    func succeeded(_ call: Operation, with authorization: Authorization) {
        guard authorization.isFallback, let repository = call.repository,
            readAnonymously.insert(call.access.repository).inserted
        else { return }
        events(
            .anonymousFallback(
                repository: repository, source: authorization.identity.source ?? "unknown"))
    }

    /// Shows a credential where no repository is named, and tells whether the registry wanted any.
    ///
    /// - Throws: ``RegistryError`` where it is refused.
    func verify(_ credential: Credential) async throws -> Bool {
        let call = Operation(
            kind: .versionCheck, phrase: "logging in to \(host)", registry: host)
        guard case .refused(let rejection) = try await versionCheck.answer(for: call) else {
            return false
        }
        let identity = FoundCredential(credential, source: nil)
        try checkTransport(of: identity, for: call)
        let header: Secret?
        switch try demand(in: rejection, for: call)?.offer {
        case .bearer(let realm, let service)?:
            try checkTrust(in: realm, of: identity, for: call)
            header = try await token(realm, service, for: call, as: identity).header
        case .basic?: header = credential.basicAuthorization
        case nil: throw RegistryError(call, rejection)
        }
        guard let header else {
            throw RegistryError(
                .denied, call, "the registry wants a user and a password, not a refresh token")
        }
        if case .refused(let rejection) = try await versionCheck.answer(showing: header, for: call)
        {
            throw RegistryError(call, rejection)
        }
        return true
    }

    // MARK: What to show

    private func identity(for call: Operation) async throws -> FoundCredential {
        guard let repository = call.repository,
            call.access.writes || !readAnonymously.contains(call.access.repository)
        else { return .nothing }
        return try await credentials.credential(for: repository)
    }

    private func accept(
        _ offer: Offer, for call: Operation, as identity: FoundCredential
    ) async throws -> Authorization? {
        try checkTransport(of: identity, for: call)
        switch offer {
        case .basic:
            guard let header = identity.credential.basicAuthorization else { return nil }
            announce(identity)
            return Authorization(header: header, identity: identity)
        case .bearer(let realm, let service):
            try checkTrust(in: realm, of: identity, for: call)
            do {
                return try await token(realm, service, for: call, as: identity)
            } catch let error as RegistryError where error.failureClass == .denied {
                if let renewed = try await renewed(identity, for: call) {
                    return try await token(realm, service, for: call, as: renewed)
                }
                guard mayFallBack(call, identity) else { throw error }
                do {
                    return try await fallBack(offer, for: call, from: identity)
                } catch let cancellation as CancellationError {
                    throw cancellation
                } catch is RegistryError {
                    throw error
                }
            }
        }
    }

    private func token(
        _ realm: RealmRule.Realm, _ service: String?, for call: Operation,
        as identity: FoundCredential
    ) async throws -> Authorization {
        let request = TokenRequest(
            realm: realm, service: service, scopes: scopes(for: call),
            credential: identity.credential)
        announce(identity)
        let (token, isKept) = try await tokens.token(request, for: call)
        return Authorization(header: token.authorization, identity: identity, isKept: isKept)
    }

    /// Azure's registries want a right of its own for listing tags, which few of them name.
    private func scopes(for call: Operation) -> [Scope] {
        if let widened = widened[call.access] { return widened }
        guard call.kind == .tagList, AzureCloud(of: host) != nil else { return call.access.scopes }
        return call.access.scopes(
            and: [Scope(repository: call.access.repository, actions: [.metadataRead])])
    }

    /// Notes scopes that a refusal names, and tells whether any of them has not been asked for.
    private func widen(_ call: Operation, by named: [Scope]) -> Bool {
        let before = scopes(for: call)
        let after = call.access.scopes(and: named + before)
        guard after != before else { return false }
        widened[call.access] = after
        return true
    }

    private func checkTransport(of identity: FoundCredential, for call: Operation) throws {
        guard identity.credential != .none, origin.scheme == .http, !origin.isLoopback,
            !settings.credentialsOverHTTP
        else { return }
        throw RegistryError(
            .denied, call, "credentials are not sent to \(origin) without TLS",
            hint: "use TLS, or set registries.\(host).credentialsOverHTTP: true")
    }

    private func checkTrust(
        in realm: RealmRule.Realm, of identity: FoundCredential, for call: Operation
    ) throws {
        guard !realm.isTrusted, identity.credential != .none else { return }
        throw RegistryError(
            .denied, call,
            "the registry wants the credentials shown to \(realm.url.origin), which is not "
                + "known to belong to it",
            hint: "if it does, add \(realm.url.origin.authority) to "
                + "registries.\(host).tokenHosts")
    }

    private func announce(_ identity: FoundCredential) {
        guard identity.credential != .none, let source = identity.source,
            announcedSources.insert(source).inserted
        else { return }
        events(.credentialUsed(host: host, source: source))
    }

    // MARK: When it was refused

    /// Leaves refused credentials out: a bad or lapsed token must not break the pull of what is public.
    private func mayFallBack(_ call: Operation, _ identity: FoundCredential) -> Bool {
        !call.access.writes && !settings.requiresAuth && identity.credential != .none
    }

    private func fallBack(
        _ offer: Offer, for call: Operation, from identity: FoundCredential
    ) async throws -> Authorization {
        let anonymous = FoundCredential(.none, source: identity.source)
        var authorization = try await accept(offer, for: call, as: anonymous) ?? Authorization()
        authorization.identity = anonymous
        authorization.isKept = false
        authorization.remedies.insert(.anonymity)
        return authorization
    }

    /// Returns what has come into the place of a refused credential; nil where nothing has.
    ///
    /// Files and helpers are asked at most once a minute about the same credential, so that many
    /// refusals at once do not ask as often.
    private func renewed(
        _ refused: FoundCredential, for call: Operation
    ) async throws -> FoundCredential? {
        guard refused.credential != .none, let repository = call.repository else { return nil }
        var found = try await credentials.credential(for: repository)
        if found.credential == refused.credential {
            let now = time.now()
            if let last = rereadAt[refused.credential], now - last < .seconds(60) { return nil }
            rereadAt[refused.credential] = now
            found = try await credentials.rereadCredential(for: repository)
        }
        return [refused.credential, .none].contains(found.credential) ? nil : found
    }

    // MARK: What was offered

    /// Returns what a refusal asks for, and remembers it; nil where it asks for nothing.
    private func demand(of rejection: Rejection, for call: Operation) async throws -> Demand? {
        var demand = try demand(in: rejection, for: call)
        if demand == nil, offer == nil {
            demand = try await versionChecks.value(for: origin) {
                try await self.demandOfVersionCheck(for: call)
            }
        }
        if let demand { offer = demand.offer }
        return demand
    }

    private func demandOfVersionCheck(for call: Operation) async throws -> Demand? {
        guard !isVersionChecked else { return nil }
        isVersionChecked = true
        let answer: VersionCheck.Answer
        do {
            answer = try await versionCheck.answer(for: call)
        } catch is RegistryError {
            // The refusal that made us ask says more than that nobody explains it.
            return nil
        }
        guard case .refused(let rejection) = answer else { return nil }
        return try demand(in: rejection, for: call)
    }

    private func demand(in rejection: Rejection, for call: Operation) throws -> Demand? {
        do {
            return try Demand(Challenge.all(in: rejection.fields)) {
                try RealmRule.realm(
                    $0, of: host, at: origin, settings, ledBy: rejection.addressClass)
            }
        } catch {
            throw RegistryError(
                .denied, call,
                "the registry sends for a token to an address that is refused: \(error)")
        }
    }
}

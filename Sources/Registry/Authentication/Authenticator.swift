// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import Waiting
internal import Wording

/// What a request shows, and how it came to be.
struct Authorization: Sendable {
    /// The value of the header field; nil for nothing.
    var header: Secret?
    /// Whose it is.
    var identity = FoundCredential.nothing
    /// Whether the token was kept from an earlier request, so that a new one may do better.
    var isKept = false
    /// Whether this leaves out credentials that were refused.
    var isFallback = false
}

/// Finds out how a registry wants to be asked, and keeps what it has learned and been given.
///
/// The first request goes without credentials, since most content is public. What a 401 asks for
/// is remembered, so that later requests carry it at once.
actor Authenticator {
    /// What the registry asked for.
    private enum Offer: Sendable {
        case basic
        case bearer(RealmRule.Realm, service: String?)
    }

    private let host: RegistryHost
    private let origin: Origin
    private let settings: RegistrySettings
    private let credentials: CredentialStore
    private let tokenServer: TokenServer
    private let time: Timekeeper
    private let events: @Sendable (RegistryEvent) -> Void

    /// How far the very first exchange with the registry is.
    private enum FirstExchange: Sendable {
        case ahead
        case underway
        case over
    }

    private nonisolated let firstExchange = WaitList(FirstExchange.ahead)
    private var offer: Offer?
    private var tokens: [TokenRequest: (token: Token, until: Duration)] = [:]
    private let flights = SharedFlights<TokenRequest, Token>()
    /// Repositories that are read without the credentials that were refused for them.
    private var readAnonymously: Set<String> = []
    private var announcedSources: Set<String> = []

    init(
        host: RegistryHost, origin: Origin, settings: RegistrySettings,
        credentials: CredentialStore, tokenServer: TokenServer, time: Timekeeper,
        events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.host = host
        self.origin = origin
        self.settings = settings
        self.credentials = credentials
        self.tokenServer = tokenServer
        self.time = time
        self.events = events
    }

    /// Waits until the first exchange is through, so that many requests at once do not each learn
    /// from a refusal of their own what one of them can find out.
    ///
    /// - Returns: whether the caller has the first exchange, whose end it has to tell.
    /// - Throws: `CancellationError`.
    nonisolated func waitsForFirst() async throws -> Bool {
        try await firstExchange.take { exchange -> Bool? in
            switch exchange {
            case .ahead:
                exchange = .underway
                return true
            case .underway: return nil
            case .over: return false
            }
        }
    }

    /// Lets all others go on, whatever came of the first exchange: one that failed has nothing to
    /// teach, and each further one that had to fail alone would take as long.
    nonisolated func firstIsThrough() {
        firstExchange.change { $0 = .over }
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
        if rejection.status == 401, let new = try offer(in: rejection, for: call) { offer = new }
        guard let offer else { return nil }
        if refused.header == nil, !refused.isFallback {
            guard rejection.status == 401 else { return nil }
            return try await accept(offer, for: call, as: try await identity(for: call))
        }
        if rejection.status == 401, refused.isKept {
            forget(refused)
            return try await accept(offer, for: call, as: refused.identity)
        }
        guard mayFallBack(call, refused.identity) else { return nil }
        return try await fallBack(offer, for: call, from: refused.identity)
    }

    /// Notes that the registry took what it was shown.
    func succeeded(_ call: Operation, with authorization: Authorization) {
        guard authorization.isFallback else { return }
        guard readAnonymously.insert(call.access.repository).inserted else { return }
        events(
            .anonymousFallback(
                repository: call.repository, source: authorization.identity.source ?? "unknown"))
    }

    // MARK: What to show

    private func identity(for call: Operation) async throws -> FoundCredential {
        if !call.access.writes, readAnonymously.contains(call.access.repository) { return .nothing }
        return try await credentials.credential(for: call.repository)
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
            guard realm.isTrusted || identity.credential == .none else {
                throw RegistryError(
                    .denied, call,
                    "the registry wants the credentials shown to \(realm.url.origin), which is not "
                        + "known to belong to it",
                    hint: "if it does, add \(realm.url.origin.authority) to "
                        + "registries.\(host).tokenHosts")
            }
            let request = TokenRequest(
                realm: realm.url, service: service, scopes: call.access.scopes,
                credential: identity.credential)
            announce(identity)
            do {
                let (token, isKept) = try await token(request, for: call)
                return Authorization(
                    header: token.authorization, identity: identity, isKept: isKept)
            } catch let error as RegistryError
                where (error.status == 401 || error.status == 403) && error.failureClass == .denied
            {
                guard mayFallBack(call, identity) else { throw error }
                guard let authorization = try? await fallBack(offer, for: call, from: identity)
                else { throw error }
                return authorization
            }
        }
    }

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
        authorization.isFallback = true
        authorization.isKept = false
        return authorization
    }

    private func checkTransport(of identity: FoundCredential, for call: Operation) throws {
        guard identity.credential != .none, origin.scheme == .http, !origin.isLoopback,
            !settings.credentialsOverHTTP
        else { return }
        throw RegistryError(
            .denied, call, "credentials are not sent to \(origin) without TLS",
            hint: "use TLS, or set registries.\(host).credentialsOverHTTP: true")
    }

    private func announce(_ identity: FoundCredential) {
        guard identity.credential != .none, let source = identity.source,
            announcedSources.insert(source).inserted
        else { return }
        events(.credentialUsed(host: host, source: source))
    }

    // MARK: What was offered

    /// Picks the first challenge that can be answered, tokens before passwords.
    private func offer(in rejection: Rejection, for call: Operation) throws -> Offer? {
        let challenges = Challenge.all(in: rejection.fields)
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }),
            let text = bearer.parameters["realm"]
        {
            do {
                let realm = try RealmRule.realm(text, of: host, at: origin, settings)
                return .bearer(realm, service: bearer.parameters["service"])
            } catch {
                throw RegistryError(
                    .denied, call,
                    "the registry sends for a token to an address that is refused: "
                        + error.description)
            }
        }
        return challenges.contains { $0.scheme == "basic" } ? .basic : nil
    }

    // MARK: Tokens

    private func token(
        _ request: TokenRequest, for call: Operation
    ) async throws -> (Token, isKept: Bool) {
        if let kept = tokens[request], time.now() < kept.until { return (kept.token, true) }
        let token = try await flights.value(for: request) {
            let start = self.time.now()
            let token = try await self.tokenServer.fetch(request, for: call)
            await self.keep(token, for: request, until: start + token.usableFor)
            return token
        }
        return (token, false)
    }

    private func keep(_ token: Token, for request: TokenRequest, until: Duration) {
        tokens[request] = (token, until)
    }

    /// Drops the token that was refused, unless another request has replaced it already.
    private func forget(_ refused: Authorization) {
        tokens = tokens.filter { $0.value.token.authorization != refused.header }
    }
}

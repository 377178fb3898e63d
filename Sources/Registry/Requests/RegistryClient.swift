// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import Synchronization

/// Speaks to one registry: builds each request anew from origin, credential and path, answers
/// challenges, follows redirects, and tries again what may succeed later.
final class RegistryClient: Sendable {
    let host: RegistryHost
    let origin: Origin
    let settings: RegistrySettings
    let retrier: RetryExecutor
    let redirects: RedirectPolicy

    private let transport: any HTTPTransport
    private let authenticator: Authenticator
    private let throttle: HostThrottle
    /// For lists of referrers.
    ///
    /// Source: Azure grants them a far lower rate than all else (dotnet/docker-tools#2141); what is
    /// asked too often there must not slow down the rest.
    private let referrerThrottle: HostThrottle
    /// Whether the registry keeps lists of referrers, as far as has been learned.
    private let keepsReferrers = Mutex(true)
    private let allowance: Mutex<PullRateLimit>
    private let timeouts: HTTPTimeouts
    private let dialect: Mutex<BlobUpload.Dialect>
    /// Whether the registry has taken credentials of ours.
    private let isKnown = Mutex(false)
    private let network: RegistryClientPool.ClientDependencies
    /// How the registry reports blobs that a repository already has.
    let presence: BlobPresence
    /// Repositories that nothing could be mounted from.
    private let unmountable = Mutex<Set<String>>([])

    init(
        host: RegistryHost, origin: Origin, settings: RegistrySettings,
        network: RegistryClientPool.ClientDependencies
    ) {
        self.host = host
        self.origin = origin
        self.settings = settings
        self.network = network
        self.transport = network.transport
        self.timeouts = network.timeouts
        self.redirects = RedirectPolicy(home: origin, allow: settings.allow)
        let throttle = network.throttles.throttle(for: origin, concurrency: settings.concurrency)
        self.throttle = throttle
        self.referrerThrottle = HostThrottle(concurrency: 2, time: network.time)
        self.allowance = Mutex(PullRateLimit(reserve: settings.reservePulls))
        self.presence = BlobPresence(mountsBlobs: host.mountsBlobs)
        self.dialect = Mutex(BlobUpload.Dialect(settings.uploadDialect, for: host))
        self.retrier = RetryExecutor(
            host: host, origin: origin, policy: network.policy, throttle: throttle,
            others: network.throttles, monitor: network.monitor, time: network.time,
            events: network.events)
        self.authenticator = Authenticator(
            host: host, origin: origin, settings: settings, credentials: network.credentials,
            tokenServer: TokenServer(
                transport: network.transport, retrier: retrier, timeouts: network.timeouts),
            versionCheck: VersionCheck(
                origin: origin, transport: network.transport, retrier: retrier,
                timeouts: network.timeouts),
            time: network.time, events: network.events)
    }

    /// How this registry takes blobs, as far as has been learned.
    var uploadDialect: BlobUpload.Dialect {
        get { dialect.withLock { $0 } }
        set { dialect.withLock { $0 = newValue } }
    }

    /// Whether it is worth asking the registry for a list of referrers.
    var listsReferrers: Bool {
        get { keepsReferrers.withLock { $0 } }
        set { keepsReferrers.withLock { $0 = newValue } }
    }

    /// The registry as somebody sees it who has no credentials; nil where it has seen none of ours.
    var anonymousClient: RegistryClient? {
        guard isKnown.withLock({ $0 }) else { return nil }
        return RegistryClient(
            host: host, origin: origin, settings: settings, network: network.withoutCredentials)
    }

    /// Takes note of repositories that will be read.
    func expect(_ paths: [String]) { authenticator.companions.expect(paths) }

    /// Whether it is worth asking for a mount from a repository: one refusal in a run is enough.
    func canMount(from repository: String) -> Bool {
        unmountable.withLock { !$0.contains(repository) }
    }

    /// Takes note of a mount that was none.
    func recordMountFailure(from repository: String) {
        _ = unmountable.withLock { $0.insert(repository) }
    }

    /// Sends a call until it succeeds or is given up, and reads its answer.
    ///
    /// - Throws: ``RegistryError``, ``UploadSourceError``, `CancellationError`, or what `read` throws.
    func send<Value: Sendable>(
        _ call: RegistryRequest, _ read: (RegistryResponse) async throws -> Value
    ) async throws -> Value {
        let isAside = call.operation.kind == .referrerList
        let throttle = isAside ? referrerThrottle : self.throttle
        return try await (isAside ? retrier.closing(throttle) : retrier).run(call.operation) {
            try await throttle.withPlace { try await read(try await allowed(call)) }
        }
    }

    /// Sends a call that the caller can do without: once, unless the registry asks to wait.
    ///
    /// - Throws: ``RegistryError`` or `CancellationError`.
    func sendOptional(_ call: RegistryRequest) async throws -> RegistryResponse {
        var attempt = 1
        let start = retrier.time.now()
        while true {
            do {
                return try await throttle.withPlace { try await allowed(call) }
            } catch let rejection as ErrorResponse {
                let failure = RegistryError(call.operation, rejection)
                guard rejection.outcome.isCongestion,
                    try await retrier.waits(attempt: attempt, since: start, for: failure)
                else { throw failure }
                attempt += 1
            } catch let error as TransportError {
                // A request of a cancelled task ends in such an error, too, and says nothing.
                try Task.checkCancellation()
                throw RegistryError(call.operation, error)
            }
        }
    }

    /// Sends a call once; what moves a blob decides itself how to go on after a failure.
    ///
    /// Its body may wait for another request to the same host, so it takes no place among them.
    ///
    /// - Throws: ``RegistryError``, ``UploadSourceError`` or `CancellationError`.
    func sendOnce(_ call: RegistryRequest) async throws -> RegistryResponse {
        do {
            return try await throttle.withoutPlace { try await allowed(call) }
        } catch let rejection as ErrorResponse {
            throw RegistryError(call.operation, rejection)
        } catch let error as TransportError {
            throw RegistryError(call.operation, error)
        }
    }

    /// Shows a credential, and tells whether the registry wanted to see any.
    ///
    /// - Throws: ``RegistryError`` where it is refused.
    func verify(_ credential: Credential) async throws -> Bool {
        try await authenticator.verify(credential)
    }

    /// Spends a pull where the call costs one, and learns from the answer what the registry allows.
    private func allowed(_ call: RegistryRequest) async throws -> RegistryResponse {
        let isPull = call.operation.kind == .manifestGet
        if isPull { try await claimPull(for: call.operation) }
        defer { if isPull { allowance.withLock { $0.settle() } } }
        do {
            return try await exchange(call)
        } catch let rejection as ErrorResponse where rejection.outcome.event == .quotaExhausted {
            allowance.withLock { $0.isUsedUp() }
            throw rejection
        }
    }

    private func claimPull(for operation: Operation) async throws {
        let (isClaimed, left) = allowance.withLock { ($0.claim(), $0.left ?? 0) }
        guard !isClaimed else { return }
        // Those that are left may be spoken for by requests that are under way.
        let isReserved = left > 0 && settings.reservePulls > 0
        throw RegistryError(
            .quota, operation,
            isReserved
                ? "\(left) pulls are left, and reservePulls keeps \(settings.reservePulls)"
                : "the allowance of pulls is used up",
            hint: ErrorResponse.quotaHint
        ).attributed(to: await authenticator.rejection(for: operation))
    }

    /// Answers challenges until the registry takes what it is shown or nothing better is left.
    private func exchange(_ call: RegistryRequest) async throws -> RegistryResponse {
        let isFirst = try await authenticator.waitsForFirst()
        defer { if isFirst { authenticator.firstIsThrough(isCancelled: Task.isCancelled) } }
        var authorization = try await authenticator.authorization(for: call.operation)
        var hadToken = false
        while true {
            do {
                let reply = try await follow(call, authorization)
                let isHidden = isHidden(reply, from: call, authorization)
                await authenticator.answered(
                    call.operation, with: authorization, isSuccess: !isHidden)
                if isHidden { throw hiddenContent(from: call, authorization) }
                if authorization.identity.credential != .none { isKnown.withLock { $0 = true } }
                return reply
            } catch var rejection as ErrorResponse {
                rejection.replaces = authorization.identity.replaces
                guard rejection.isAboutCredentials else {
                    await authenticator.answered(
                        call.operation, with: authorization, isSuccess: false)
                    throw rejection
                }
                hadToken = hadToken || authorization.isTokenOfSomebody
                rejection.hadToken = hadToken
                guard
                    let next = try await authenticator.authorization(
                        for: call.operation, after: authorization, rejection)
                else { throw rejection }
                authorization = next
            }
        }
    }

    /// Returns a Boolean value that indicates whether a manifest may be missing to anonymous users only.
    private func isHidden(
        _ reply: RegistryResponse, from call: RegistryRequest, _ authorization: Authorization
    ) -> Bool {
        authorization.identity.replaces != nil && reply.status == 404
            && [.manifestHead, .manifestGet].contains(call.operation.kind)
    }

    private func hiddenContent(
        from call: RegistryRequest, _ authorization: Authorization
    ) -> RegistryError {
        RegistryError(
            .missing, call.operation, "the registry answered that it is not there", status: 404
        ).attributed(to: authorization.identity.replaces)
    }

    /// Goes where the registry leads, with credentials only where they belong.
    private func follow(_ call: RegistryRequest, _ authorization: Authorization) async throws
        -> RegistryResponse
    {
        var hop = RedirectPolicy.Hop(startingAt: call.url)
        for _ in 0...RedirectPolicy.limit {
            let response = try await exchange(call, at: hop, authorization)
            let next: RedirectPolicy.Hop?
            do {
                next = try redirects.next(after: response, from: hop, writes: call.writes)
            } catch {
                throw RegistryError(
                    .unavailable, call.operation, "the registry leads to \(error.description)",
                    hint: "if the place belongs to it, add it to registries.\(host).allow")
            }
            if let next {
                hop = next
                continue
            }
            let url = hop.url
            if url.origin == origin { note(response.fields) }
            let isWebPage =
                !call.mayBeWebPage && WebPage.isResponse(response.status, response.fields)
            guard call.accepted.contains(response.status), !isWebPage else {
                throw await ErrorResponse(
                    response, from: url.origin == origin ? .registry : .elsewhere, at: url.origin,
                    registry: host)
            }
            return RegistryResponse(
                status: response.status, fields: response.fields, url: url, body: response.body)
        }
        throw RegistryError(
            .unavailable, call.operation, "there were more than \(RedirectPolicy.limit) redirects")
    }

    /// One exchange with one place.
    private func exchange(
        _ call: RegistryRequest, at hop: RedirectPolicy.Hop, _ authorization: Authorization
    ) async throws -> HTTPResponse {
        let url = hop.url
        var request = HTTPRequest(
            call.method, url, fields: call.fields, body: try await open(call.body),
            isBulk: call.isBulk, timeouts: call.limits(timeouts), reach: hop.reach)
        if redirects.mayShowCredentials(at: url, for: call.operation.access.repository) {
            request.authorization = authorization.header
        }
        let (events, kind) = (retrier.events, call.operation.kind)
        let place = url.origin == origin ? host.name : url.origin.authority
        do {
            let response = try await transport.send(request)
            let record = RequestMetrics(sent: call.bodyLength) { [status = response.status] bytes in
                events(.requestFinished(host: place, kind: kind, status: status, bytes: bytes))
            }
            return HTTPResponse(
                status: response.status, fields: response.fields,
                body: MeteredBody(base: response.body, record: record), peer: response.peer)
        } catch {
            // What was kept from a host that is given up is no request.
            if (error as? TransportError)?.kind != .givenUp {
                events(.requestFinished(host: place, kind: kind, status: nil, bytes: 0))
            }
            throw error
        }
    }

    private func open(_ body: RegistryRequest.Body) async throws -> HTTPBody {
        switch body {
        case .none: return .none
        case .bytes(let bytes): return .bytes(bytes)
        case .stream(let length, let open):
            do {
                return .stream(length: length, UploadBody(base: try await open()))
            } catch {
                throw UploadSourceError(cause: error)
            }
        }
    }

    private func note(_ fields: HTTPFields) {
        let left = allowance.withLock { allowance -> Int? in
            allowance.note(fields)
            return fields["ratelimit-remaining"] == nil ? nil : allowance.left
        }
        if let left { retrier.events(.pullsRemaining(host: host, count: left)) }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// The knowledge about a registry that its responses have revealed during the run.
struct LearnedCapabilities: Sendable {
    /// The way blobs are uploaded.
    var uploadDialect: UploadDialect
    /// The remaining pulls.
    var pullRateLimit: PullRateLimit
    /// A Boolean value that indicates whether the registry may have a referrers API.
    var listsReferrers = true
    /// A Boolean value that indicates whether 404 to a HEAD request means that there is no manifest.
    var answersHead = true
    /// A Boolean value that indicates whether the registry has accepted credentials.
    var hasAcceptedCredentials = false
    /// The repositories from which mounting failed.
    var unmountable: Set<String> = []

    /// Creates the knowledge before the first request.
    init(settings: RegistrySettings, profile: RegistryProfile) {
        uploadDialect = settings.uploadDialect ?? profile.uploadDialect
        pullRateLimit = PullRateLimit(reserve: settings.reservePulls)
    }
}

/// A client of one registry: authorizes requests, responds to challenges, follows redirects, and
/// retries temporary failures.
final class RegistryClient: Sendable {
    let host: RegistryHost
    let origin: Origin
    let settings: RegistrySettings
    let profile: RegistryProfile
    let retryExecutor: RetryExecutor
    let redirects: RedirectPolicy

    private let authenticator: Authenticator
    let throttle: HostThrottle
    /// The limit of uploads in chunks, each of which is held in memory.
    let chunkedUploads: ConcurrencyLimiter
    /// The throttle for lists of referrers.
    ///
    /// Source: Azure limits them far more than other requests (dotnet/docker-tools#2141), so their
    /// throttling must not slow down the rest.
    private let referrerThrottle: HostThrottle
    /// The budget of the requests whose failure does not fail an image.
    private let optionalRequests = OptionalRequests()
    /// The warnings of the registry that were reported.
    private let warnings = ReportedWarnings()
    private let learned: Mutex<LearnedCapabilities>
    private let dependencies: RegistryClientPool.ClientDependencies
    /// The method by which the registry reports blobs that a repository already has.
    let presence: BlobPresence

    init(
        host: RegistryHost, origin: Origin, settings: RegistrySettings,
        dependencies: RegistryClientPool.ClientDependencies
    ) {
        self.host = host
        self.origin = origin
        self.settings = settings
        let profile = RegistryProfile.of(host)
        self.profile = profile
        self.dependencies = dependencies
        self.redirects = RedirectPolicy(registry: origin, settings)
        let throttle = dependencies.throttles.throttle(
            for: origin, concurrency: settings.concurrency ?? profile.concurrency)
        self.throttle = throttle
        self.chunkedUploads = ConcurrencyLimiter(
            maximum: 4, .transfers, now: dependencies.time.now)
        self.referrerThrottle = HostThrottle(concurrency: 2, time: dependencies.time)
        self.presence = BlobPresence(mountsBlobs: profile.mountsBlobs)
        self.learned = Mutex(LearnedCapabilities(settings: settings, profile: profile))
        self.retryExecutor = RetryExecutor(
            host: host, origin: origin, throttle: throttle, dependencies)
        self.authenticator = Authenticator(
            policy: CredentialPolicy(host: host, origin: origin, settings: settings),
            resolver: CredentialResolver(
                host: host, credentials: dependencies.credentials, time: dependencies.time,
                events: dependencies.events),
            client: TokenClient(
                host: host, origin: origin, retryExecutor: retryExecutor,
                dependencies: dependencies))
    }

    /// The clock and the random numbers.
    var time: RetryTiming { dependencies.time }

    /// The handler of events.
    var events: @Sendable (RegistryEvent) -> Void { dependencies.events }

    /// The upload dialect of the registry, as known so far.
    var uploadDialect: UploadDialect {
        get { learned.withLock { $0.uploadDialect } }
        set { learned.withLock { $0.uploadDialect = newValue } }
    }

    /// A Boolean value that indicates whether the registry may have a referrers API.
    var listsReferrers: Bool {
        get { learned.withLock { $0.listsReferrers } }
        set { learned.withLock { $0.listsReferrers = newValue } }
    }

    /// A client without credentials, or `nil` if the registry has not accepted any.
    var anonymousClient: RegistryClient? {
        guard learned.withLock({ $0.hasAcceptedCredentials }) else { return nil }
        return RegistryClient(
            host: host, origin: origin, settings: settings,
            dependencies: dependencies.withoutCredentials)
    }

    /// A Boolean value that indicates whether 404 to a HEAD request means that there is no manifest.
    var answersHead: Bool {
        get { learned.withLock { $0.answersHead } }
        set { learned.withLock { $0.answersHead = newValue } }
    }

    /// Records repositories that will be read.
    func expect(_ paths: [String]) { authenticator.expect(paths) }

    /// Returns a Boolean value that indicates whether mounting from a repository has not failed
    /// yet.
    func canMount(from repository: String) -> Bool {
        learned.withLock { !$0.unmountable.contains(repository) }
    }

    /// Records that mounting from a repository failed.
    func recordMountFailure(from repository: String) {
        _ = learned.withLock { $0.unmountable.insert(repository) }
    }

    /// Sends a request, retries it as the policy permits, and reads the response.
    ///
    /// - Throws: ``RegistryError``, ``UploadSourceError``, `CancellationError`, or what `read`
    ///   throws.
    func send<Value: Sendable>(
        _ request: RegistryRequest, _ read: (RegistryResponse) async throws -> Value
    ) async throws -> Value {
        try await retryExecutor.run(request.operation) {
            try await throttle.withPermit { try await read(try await sendCountingPull(request)) }
        }
    }

    /// Sends a request whose failure does not fail an image: a list of referrers, or a mount.
    ///
    /// It is sent twice at most, a mount only if the registry throttles it. After several failures
    /// of its kind, no more such requests are sent in the run.
    ///
    /// - Throws: ``RegistryError``, `CancellationError`, or what `read` throws.
    func sendOptional<Value: Sendable>(
        _ request: RegistryRequest, _ read: (RegistryResponse) async throws -> Value
    ) async throws -> Value {
        let isMount = request.operation.kind == .blobMount
        let throttle = isMount ? self.throttle : referrerThrottle
        var request = request
        request.isOptional = true
        return try await optionalRequests.send(request.operation) {
            try await retryExecutor.forOptionalRequests(throttle, retriesFailures: !isMount)
                .run(request.operation) {
                    try await throttle.withPermit {
                        try await read(try await sendCountingPull(request))
                    }
                }
        }
    }

    /// Sends a request once; blob transfers handle failures themselves.
    ///
    /// The transfer of a large body may depend on another request to the same host, and has a permit
    /// of its own.
    ///
    /// - Throws: ``RegistryError``, ``UploadSourceError`` or `CancellationError`.
    func sendOnce(_ request: RegistryRequest) async throws -> RegistryResponse {
        do {
            return try await request.isTransfer
                ? throttle.withoutPermit { try await sendCountingPull(request) }
                : throttle.withPermit { try await sendCountingPull(request) }
        } catch let errorResponse as ErrorResponse {
            throw RegistryError(request.operation, errorResponse)
        } catch let error as TransportError {
            throw RegistryError(request.operation, error, isPlain: origin.scheme == .http)
        }
    }

    /// Checks a credential.
    ///
    /// - Returns: A Boolean value that indicates whether the registry required credentials.
    /// - Throws: ``RegistryError`` if the credential is rejected.
    func verify(_ credential: FoundCredential) async throws -> Bool {
        try await authenticator.verify(credential)
    }

    /// Sends a request, counting it as a pull if it is one, and records the remaining pulls.
    private func sendCountingPull(_ request: RegistryRequest) async throws -> RegistryResponse {
        let isPull = request.operation.kind == .manifestGet
        if isPull { try await claimPull(for: request.operation) }
        defer { if isPull { learned.withLock { $0.pullRateLimit.settle() } } }
        do {
            return try await sendAuthorized(request)
        } catch let errorResponse as ErrorResponse
            where errorResponse.outcome.event == .quotaExhausted
        {
            learned.withLock { $0.pullRateLimit.isUsedUp() }
            throw errorResponse
        }
    }

    private func claimPull(for operation: Operation) async throws {
        let (isClaimed, left) = learned.withLock {
            ($0.pullRateLimit.claim(), $0.pullRateLimit.left ?? 0)
        }
        guard !isClaimed else { return }
        // The remaining pulls may be claimed by requests in flight.
        let isReserved = left > 0 && settings.reservePulls > 0
        throw RegistryError(
            .quota, operation,
            isReserved
                ? "pull limit reached: \(left) pulls remaining, reservePulls is \(settings.reservePulls)"
                : "pull rate limit reached",
            hint: ErrorResponse.quotaHint
        ).attributed(to: await authenticator.rejectedCredential(for: operation))
    }

    /// Sends the request, authorizing it until it is accepted or no other authorization is left.
    private func sendAuthorized(_ request: RegistryRequest) async throws -> RegistryResponse {
        let isProbe = try await authenticator.beginProbe()
        defer { if isProbe { authenticator.endProbe(isCancelled: Task.isCancelled) } }
        var negotiation = authenticator.negotiation(of: request.operation)
        var authorization = try await authenticator.authorization(for: &negotiation)
        while true {
            do {
                let response = try await sendFollowingRedirects(request, authorization)
                let credential = negotiation.sentCredential
                let isHidden = credential.omitted != nil && mayBeHidden(response, from: request)
                await authenticator.recordResponse(to: negotiation, isSuccess: !isHidden)
                if isHidden {
                    throw RegistryError(
                        .missing, request.operation, "not found (404)", status: 404
                    ).attributed(to: credential.omitted)
                }
                if case .found = credential {
                    learned.withLock { $0.hasAcceptedCredentials = true }
                }
                return response
            } catch var errorResponse as ErrorResponse {
                errorResponse.credential = negotiation.sentCredential
                guard errorResponse.isAboutCredentials else {
                    await authenticator.recordResponse(to: negotiation, isSuccess: false)
                    throw errorResponse
                }
                errorResponse.hadToken = negotiation.hadToken
                authorization = try await authenticator.authorization(
                    for: &negotiation, after: errorResponse)
            }
        }
    }

    /// Returns a Boolean value that indicates whether a manifest may be missing to anonymous users
    /// only.
    private func mayBeHidden(
        _ response: RegistryResponse, from request: RegistryRequest
    ) -> Bool {
        response.status == 404
            && [.manifestHead, .manifestGet].contains(request.operation.kind)
    }

    /// Sends the request, following redirects and dropping credentials across origins.
    private func sendFollowingRedirects(
        _ request: RegistryRequest, _ authorization: Secret?
    ) async throws -> RegistryResponse {
        var hop = RedirectPolicy.Hop(startingAt: request.url)
        for _ in 0...RedirectPolicy.limit {
            let response = try await sendHop(request, at: hop, authorization)
            let next: RedirectPolicy.Hop?
            do {
                next = try redirects.next(after: response, from: hop, writes: request.writes)
            } catch {
                throw RegistryError(request.operation, error)
            }
            if let next {
                hop = next
                continue
            }
            let url = hop.url
            if url.origin == origin { recordPullsRemaining(response.fields) }
            let (checked, isWebPage) = try await WebPage.check(response, to: request)
            guard request.accepted.contains(response.status), !isWebPage else {
                throw await ErrorResponse(
                    checked, isWebPage: isWebPage,
                    from: url.origin == origin ? .registry : .elsewhere, at: url.origin,
                    registry: host)
            }
            return RegistryResponse(
                status: checked.status, fields: checked.fields, url: url, body: checked.body)
        }
        throw RegistryError(
            .unavailable, request.operation,
            "more than \(RedirectPolicy.limit) redirects")
    }

    /// Sends one hop of a request.
    private func sendHop(
        _ request: RegistryRequest, at hop: RedirectPolicy.Hop, _ authorization: Secret?
    ) async throws -> HTTPResponse {
        let url = hop.url
        var httpRequest = HTTPRequest(
            request.method, url, fields: request.fields, body: try await open(request),
            isBulk: request.isBulk, expectedLength: request.expectedLength ?? request.bodyLength,
            timeouts: request.limits(dependencies.timeouts),
            addressScope: hop.addressScope)
        if redirects.maySendCredentials(at: url, for: request.operation.access.repository) {
            httpRequest.authorization = authorization
        }
        let (events, kind) = (events, request.operation.kind)
        let (now, start) = (time.now, time.now())
        let trace = { @Sendable [method = request.method] in
            RequestTrace(method, url, duration: now() - start)
        }
        let hostName = url.origin == origin ? host.name : url.origin.authority
        do {
            let response = try await dependencies.transport.send(httpRequest)
            for warning in warnings.new(in: response.fields) {
                events(.warningReceived(host: hostName, text: warning))
            }
            let metrics = RequestMetrics(sent: request.bodyLength) {
                [status = response.status] bytes in
                events(
                    .requestFinished(
                        host: hostName, kind: kind, status: status, bytes: bytes,
                        trace: trace()))
            }
            let downloads = request.isTransfer && !request.writes ? throttle.downloads : nil
            let body = ObservedStream(response.body) { chunk, _ in
                guard let chunk else { return }
                metrics.add(chunk.count)
                downloads?.record(chunk.count)
            }
            return HTTPResponse(
                status: response.status, fields: response.fields, body: body, peer: response.peer)
        } catch {
            // A request that was not sent to a host that is down is not counted.
            if (error as? TransportError)?.kind != .givenUp {
                events(
                    .requestFinished(
                        host: hostName, kind: kind, status: nil, bytes: 0,
                        trace: trace()))
            }
            throw error
        }
    }

    private func open(_ request: RegistryRequest) async throws -> HTTPBody {
        switch request.body {
        case .none: return .none
        case .bytes(let bytes):
            if request.isTransfer { throttle.uploads.record(bytes.count) }
            return .bytes(bytes)
        case .stream(let length, let open):
            do {
                // Distinguishes errors of the source from those of the request that sends it.
                let body = ErrorMappingStream(try await open()) { UploadSourceError(cause: $0) }
                let uploads = throttle.uploads
                let counted = ObservedStream(body) { chunk, _ in
                    if let chunk { uploads.record(chunk.count) }
                }
                return .stream(length: length, counted)
            } catch {
                throw UploadSourceError(cause: error)
            }
        }
    }

    private func recordPullsRemaining(_ fields: HTTPFields) {
        guard let name = profile.remainingPullsField else { return }
        if let left = learned.withLock({ $0.pullRateLimit.note(fields, in: name) }) {
            events(.pullsRemaining(host: host, count: left))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// A client of one registry: sends requests with an authorization, follows redirects, and counts
/// pulls.
final class RegistryClient: Sendable {
    let host: RegistryHost
    let origin: Origin
    let settings: RegistrySettings
    let profile: RegistryProfile
    let redirects: RedirectPolicy
    /// Limits, times and retries the requests.
    let executor: RequestExecutor
    /// The limit of uploads in chunks, each of which is held in memory.
    let chunkedUploads: ConcurrencyLimiter
    /// The method by which the registry reports blobs that a repository already has.
    let presence: BlobPresence

    private let authenticator: Authenticator
    /// The throttle for lists of referrers.
    ///
    /// Source: Azure limits them far more than other requests (dotnet/docker-tools#2141), so their
    /// throttling must not slow down the rest.
    private let referrerThrottle: HostThrottle
    /// The budget of the requests whose failure does not fail an image.
    private let optionalRequests = OptionalRequests()
    private let learned: Mutex<LearnedCapabilities>
    private let dependencies: RegistryClientPool.ClientDependencies

    init(
        host: RegistryHost, origin: Origin, settings: RegistrySettings,
        dependencies: RegistryClientPool.ClientDependencies
    ) {
        let profile = RegistryProfile.of(host)
        let time = dependencies.hosts.time
        let executor = RequestExecutor(
            host: host, origin: origin,
            throttle: dependencies.hosts.throttle(
                for: origin, policy: dependencies.policy,
                concurrency: settings.concurrency ?? profile.concurrency),
            dependencies)
        self.host = host
        self.origin = origin
        self.settings = settings
        self.profile = profile
        self.redirects = RedirectPolicy(registry: origin, settings)
        self.executor = executor
        self.chunkedUploads = ConcurrencyLimiter(maximum: 4, .transfers, now: time.now)
        self.presence = BlobPresence(mountsBlobs: profile.mountsBlobs)
        self.authenticator = Authenticator(
            policy: CredentialPolicy(host: host, origin: origin, settings: settings),
            credentials: dependencies.credentials, executor: executor)
        self.referrerThrottle = HostThrottle(
            concurrency: 2, policy: dependencies.policy.optional, time: time)
        self.learned = Mutex(LearnedCapabilities(settings: settings, profile: profile))
        self.dependencies = dependencies
    }

    /// The clock and the random numbers.
    var time: RetryTiming { executor.hosts.time }

    /// The handler of events.
    var events: @Sendable (RegistryEvent) -> Void { executor.hosts.events }

    /// The throttle of the registry's host.
    var throttle: HostThrottle { executor.throttle }

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
        guard authenticator.hasAcceptedCredentials else { return nil }
        return RegistryClient(
            host: host, origin: origin, settings: settings,
            dependencies: dependencies.withoutCredentials)
    }

    /// A Boolean value that indicates whether 404 to a HEAD request means that there is no manifest.
    var respondsToHead: Bool {
        get { learned.withLock { $0.respondsToHead } }
        set { learned.withLock { $0.respondsToHead = newValue } }
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

    /// Checks a credential.
    ///
    /// - Returns: A Boolean value that indicates whether the registry required credentials.
    /// - Throws: ``RegistryError`` if the credential is rejected.
    func verify(_ credential: FoundCredential) async throws -> Bool {
        try await authenticator.verify(credential)
    }

    // MARK: Requests

    /// Sends a request, retries it as the policy permits, and reads the response.
    ///
    /// - Throws: ``RegistryError``, ``UploadSourceError``, `CancellationError`, or what `read`
    ///   throws.
    func send<Value: Sendable>(
        _ request: RegistryRequest, _ read: (RegistryResponse) async throws -> Value
    ) async throws -> Value {
        try await executor.run(request.operation) { try await read(try await attempt(request)) }
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
        let executor = executor.forOptionalRequests(
            isMount ? throttle : referrerThrottle, retriesFailures: !isMount)
        var request = request
        request.isOptional = true
        return try await optionalRequests.send(request.operation) {
            try await executor.run(request.operation) {
                try await read(try await attempt(request))
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
        try await executor.runOnce(request.operation, needsPermit: !request.isTransfer) {
            try await attempt(request)
        }
    }

    /// Sends a request with an authorization, counting it as a pull if it is one.
    private func attempt(_ request: RegistryRequest) async throws -> RegistryResponse {
        let isPull = request.operation.kind == .manifestGet
        if isPull { try await claimPull(for: request.operation) }
        defer { if isPull { learned.withLock { $0.pullRateLimit.settle() } } }
        do {
            return try await authenticator.authorize(request.operation) { authorization in
                try await sendFollowingRedirects(request, authorization)
            }
        } catch let errorResponse as ErrorResponse
            where errorResponse.outcome.event == .quotaExhausted
        {
            learned.withLock { $0.pullRateLimit.recordExhaustion() }
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
        let error = RegistryError(
            .quota, operation,
            isReserved
                ? "pull limit reached: \(left) pulls remaining, reservePulls is \(settings.reservePulls)"
                : "pull rate limit reached",
            hint: ErrorResponse.quotaHint)
        guard let rejected = await authenticator.rejectedCredential(for: operation) else {
            throw error
        }
        throw error.naming(.omitted(rejected), for: operation)
    }

    /// Sends the request, following redirects and dropping credentials across origins.
    private func sendFollowingRedirects(
        _ request: RegistryRequest, _ authorization: Secret?
    ) async throws -> RegistryResponse {
        var hop = RedirectPolicy.Hop(startingAt: request.url)
        for _ in 0...RedirectPolicy.limit {
            let response = try await sendHop(request, at: hop, authorization)
            if let next = try redirects.next(after: response, from: hop, of: request) {
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
        let body = try await open(request)
        var httpRequest = HTTPRequest(
            request.method, url, fields: request.fields, body: body, isBulk: request.isBulk,
            expectedLength: request.expectedLength ?? body.length,
            timeouts: request.limits(executor.timeouts), addressScope: hop.addressScope)
        if redirects.maySendCredentials(at: url, for: request.operation.access.repository) {
            httpRequest.authorization = authorization
        }
        let hostName = url.origin == origin ? host.name : url.origin.authority
        let response = try await executor.hosts.send(
            httpRequest, request.operation.kind, to: hostName,
            counting: request.isTransfer && !request.writes ? throttle.downloads : nil)
        for warning in learned.withLock({ $0.newWarnings(in: response.fields) }) {
            events(.warningReceived(host: hostName, text: warning))
        }
        return response
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
        if let left = learned.withLock({ $0.pullRateLimit.record(fields, in: name) }) {
            events(.pullsRemaining(host: host, count: left))
        }
    }
}

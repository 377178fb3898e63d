// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI

/// Performs operations at one host: at the pace of its throttle, and again until they succeed or the
/// retry policy gives up.
struct RequestExecutor: Sendable {
    /// The registry of the requests.
    let host: RegistryHost
    /// The origin of the requests: the registry's, or that of its token server.
    private(set) var origin: Origin
    /// The throttle of that origin.
    private(set) var throttle: HostThrottle
    let hosts: HostPool
    let timeouts: HTTPTimeouts
    var policy: RetryPolicy
    /// A Boolean value that indicates whether failures other than throttling are retried.
    fileprivate var retriesFailures = true

    init(
        host: RegistryHost, origin: Origin, throttle: HostThrottle,
        _ dependencies: RegistryClientPool.ClientDependencies
    ) {
        self.host = host
        self.origin = origin
        self.throttle = throttle
        self.hosts = dependencies.hosts
        self.timeouts = dependencies.timeouts
        self.policy = dependencies.policy
    }

    /// Returns an executor for requests whose failure does not fail an image.
    ///
    /// - Parameters:
    ///   - throttle: The throttle of the requests.
    ///   - retriesFailures: A Boolean value that indicates whether a request is retried after
    ///     failures other than throttling.
    /// - Returns: The executor.
    func forOptionalRequests(_ throttle: HostThrottle, retriesFailures: Bool) -> RequestExecutor {
        var executor = self
        executor.throttle = throttle
        executor.policy = policy.optional
        executor.retriesFailures = retriesFailures
        return executor
    }

    /// Performs `attempt` with a permit of the host, and again after temporary failures.
    ///
    /// - Parameters:
    ///   - operation: The operation.
    ///   - needsPermit: `false` for a request that the holder of a permit waits for.
    ///   - attempt: Sends the requests of an attempt.
    /// - Returns: The value of the last attempt.
    /// - Throws: ``RegistryError`` after the last attempt, or what `attempt` throws.
    func run<Value: Sendable>(
        _ operation: Operation, needsPermit: Bool = true, _ attempt: () async throws -> Value
    ) async throws -> Value {
        var attempts = RetryAttempts(of: self)
        while true {
            do {
                return try await throttled(needsPermit, attempt)
            } catch {
                guard let failure = failure(of: operation, error) else { throw error }
                // A commit may take longer than the retry budget of a read.
                guard operation.access.writes || attempts.elapsed < policy.retryFor,
                    try await attempts.waitForNext(after: failure)
                else { throw givenUp(operation, failure) ?? failure }
            }
        }
    }

    /// Performs `attempt` once.
    ///
    /// - Parameters:
    ///   - operation: The operation.
    ///   - needsPermit: `false` for a body that has a permit of its own, because its transfer may
    ///     depend on another request to the same host.
    ///   - attempt: Sends the request.
    /// - Returns: The value of the attempt.
    /// - Throws: ``RegistryError`` after an error response or a transport error, or what `attempt`
    ///   throws.
    func runOnce<Value: Sendable>(
        _ operation: Operation, needsPermit: Bool, _ attempt: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await throttled(needsPermit, attempt)
        } catch {
            throw failure(of: operation, error) ?? error
        }
    }

    /// Sends a request to a token server or an identity service, retries it as the policy permits,
    /// and returns the short response.
    ///
    /// It follows no redirects, because a redirected credential is a stolen one.
    ///
    /// - Throws: ``RegistryError`` if the server rejects the request or cannot be reached.
    func content(
        of request: HTTPRequest, timeouts limits: HTTPTimeouts? = nil, for operation: Operation
    ) async throws -> [UInt8] {
        let server = request.url.origin
        var executor = self
        executor.origin = server
        executor.throttle = hosts.throttle(for: server, policy: policy)
        var request = request
        request.timeouts = limits ?? timeouts
        return try await executor.run(operation, needsPermit: false) { [request] in
            let response = try await hosts.send(request, .token, to: server.authority)
            guard response.status == 200 else {
                throw await ErrorResponse(response, from: .tokenServer, at: server, registry: host)
            }
            return try await response.collect(limit: Self.maximumContentSize)
        }
    }

    /// The maximum size of the response of a token server in bytes.
    static let maximumContentSize = 64 << 10

    private func throttled<Value>(
        _ needsPermit: Bool, _ attempt: () async throws -> Value
    ) async throws -> Value {
        try await needsPermit
            ? throttle.withPermit(attempt) : throttle.withoutPermit(attempt)
    }

    /// Returns the error of an attempt that did not get a successful response, or `nil` if another
    /// error ended it.
    private func failure(of operation: Operation, _ error: any Error) -> RegistryError? {
        switch error {
        case let errorResponse as ErrorResponse: RegistryError(operation, errorResponse)
        case let error as TransportError:
            RegistryError(operation, error, isPlain: origin.scheme == .http)
        default: nil
        }
    }

    /// Returns the error of a host that is down if a failed connection marked it as down, so that
    /// all its failures have the same cause; otherwise `nil`.
    private func givenUp(_ operation: Operation, _ failure: RegistryError) -> RegistryError? {
        switch failure.outcome?.event {
        case .transport(.connect), .transport(.resolve):
            hosts.health(of: origin).errorGivenUp.map { RegistryError(operation, $0) }
        default: nil
        }
    }
}

/// The attempts of an operation, which are counted and timed for the retry policy.
struct RetryAttempts: Sendable {
    private let executor: RequestExecutor
    /// The number of the current attempt, from 1.
    private var count = 1
    private var start: Duration

    /// Begins the first attempt.
    init(of executor: RequestExecutor) {
        self.executor = executor
        start = executor.hosts.time.now()
    }

    /// The time since the first attempt began.
    fileprivate var elapsed: Duration { executor.hosts.time.now() - start }

    /// Counts from the first attempt again, because the last one made progress.
    mutating func restart() { self = RetryAttempts(of: executor) }

    /// Waits as the policy requires after a failure.
    ///
    /// - Returns: A Boolean value that indicates whether to retry.
    /// - Throws: `CancellationError`.
    mutating func waitForNext(after failure: RegistryError) async throws -> Bool {
        try Task.checkCancellation()
        guard let outcome = failure.outcome, executor.retriesFailures || outcome.isCongestion
        else { return false }
        let (hosts, throttle) = (executor.hosts, executor.throttle)
        let health = hosts.health(of: executor.origin)
        let decision = executor.policy.decide(
            attempt: count, outcome, jitter: hosts.time.jitter(), elapsed: elapsed,
            left: outcome.isCongestion ? throttle.left : health.left(at: hosts.time.now()),
            contact: health.contact(since: start))
        guard case .retry(let wait) = decision else { return false }
        let timeUntilOpen = throttle.timeUntilOpen
        hosts.events(
            .retryWaiting(
                host: executor.host, reason: failure.reason, duration: max(wait, timeUntilOpen)))
        // Otherwise the next attempt waits until the host is open, like all requests.
        if !outcome.isCongestion || wait > timeUntilOpen { try await hosts.time.sleep(wait) }
        count += 1
        return true
    }

    /// Waits as the policy requires after a temporary failure; after another one, whose repetition
    /// another request avoids, retries at once.
    ///
    /// - Returns: A Boolean value that indicates whether to retry.
    /// - Throws: `CancellationError`.
    mutating func mayRestart(after failure: RegistryError) async throws -> Bool {
        guard !failure.isTransient else { return try await waitForNext(after: failure) }
        guard count < executor.policy.maximumAttempts else { return false }
        count += 1
        return true
    }
}

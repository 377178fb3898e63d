// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI

/// Runs an operation until it succeeds or the retry policy gives up.
struct RetryExecutor: Sendable {
    let host: RegistryHost
    /// The origin of the requests: the registry's, or that of its token server.
    var origin: Origin
    /// The throttle of that origin.
    var throttle: HostThrottle
    var policy: RetryPolicy
    /// A Boolean value that indicates whether failures other than throttling are retried.
    private var retriesFailures = true
    private let dependencies: RegistryClientPool.ClientDependencies
    fileprivate var time: RetryTiming { dependencies.time }

    init(
        host: RegistryHost, origin: Origin, throttle: HostThrottle,
        _ dependencies: RegistryClientPool.ClientDependencies
    ) {
        self.host = host
        self.origin = origin
        self.throttle = throttle
        self.policy = dependencies.policy
        self.dependencies = dependencies
    }

    /// Returns an executor for requests to another host that serves the registry.
    func forOrigin(_ origin: Origin) -> RetryExecutor {
        var retryExecutor = self
        retryExecutor.origin = origin
        retryExecutor.throttle = dependencies.throttles.throttle(
            for: origin, concurrency: HostThrottles.concurrency)
        return retryExecutor
    }

    /// Returns an executor for requests whose failure does not fail an image.
    ///
    /// - Parameters:
    ///   - throttle: The throttle of the requests.
    ///   - retriesFailures: A Boolean value that indicates whether a request is retried after
    ///     failures other than throttling.
    /// - Returns: The executor.
    func forOptionalRequests(_ throttle: HostThrottle, retriesFailures: Bool) -> RetryExecutor {
        var retryExecutor = self
        retryExecutor.throttle = throttle
        retryExecutor.policy = policy.optional
        retryExecutor.retriesFailures = retriesFailures
        return retryExecutor
    }

    /// Runs `attempt` and retries it after error responses and transport errors.
    ///
    /// - Throws: ``RegistryError`` after the last attempt, or what `attempt` throws.
    func run<Value: Sendable>(
        _ operation: Operation, _ attempt: () async throws -> Value
    ) async throws -> Value {
        var attempts = RetryAttempts(of: self)
        while true {
            let failure: RegistryError
            do {
                return try await attempt()
            } catch let errorResponse as ErrorResponse {
                failure = RegistryError(operation, errorResponse)
            } catch let error as TransportError {
                failure = RegistryError(operation, error, isPlain: origin.scheme == .http)
            }
            // A commit may take longer than the retry budget of a read.
            guard operation.access.writes || attempts.elapsed < policy.retryFor,
                try await attempts.waitForNext(after: failure)
            else { throw givenUp(operation, failure) ?? failure }
        }
    }

    /// Returns the error of a host that is down if a failed connection marked it as down, so that
    /// all its failures have the same cause; otherwise `nil`.
    private func givenUp(_ operation: Operation, _ failure: RegistryError) -> RegistryError? {
        switch failure.outcome?.event {
        case .transport(.connect), .transport(.resolve):
            dependencies.monitor.givenUp(origin).map { RegistryError(operation, $0) }
        default: nil
        }
    }

    /// Waits as the policy requires.
    ///
    /// - Parameters:
    ///   - attempt: The number of the failed attempt, from 1.
    ///   - start: The time at which the first attempt began.
    ///   - failure: The error of the attempt.
    /// - Returns: A Boolean value that indicates whether to retry.
    /// - Throws: `CancellationError`.
    fileprivate func waitBeforeRetry(
        attempt: Int, since start: Duration, for failure: RegistryError
    ) async throws -> Bool {
        try Task.checkCancellation()
        guard let outcome = failure.outcome, retriesFailures || outcome.isCongestion else {
            return false
        }
        let health = dependencies.monitor.health(of: origin)
        let decision = policy.decide(
            attempt: attempt, outcome, jitter: time.jitter(),
            left: health.left(at: time.now(), isThrottled: outcome.isCongestion),
            contact: health.contact(since: start))
        switch decision {
        case .giveUp: return false
        case .retry(let wait):
            dependencies.events(.retryWaiting(host: host, reason: failure.reason, duration: wait))
            try await time.sleep(wait)
        case .closeHost(let wait):
            // The next attempt waits until the host is open again, like all requests.
            dependencies.events(.retryWaiting(host: host, reason: failure.reason, duration: wait))
            throttle.close(for: wait)
        }
        return true
    }
}

/// The attempts of an operation, which are counted and timed for the retry policy.
struct RetryAttempts: Sendable {
    private let retryExecutor: RetryExecutor
    /// The number of the current attempt, from 1.
    private var count = 1
    private var start: Duration

    /// Begins the first attempt.
    init(of retryExecutor: RetryExecutor) {
        self.retryExecutor = retryExecutor
        start = retryExecutor.time.now()
    }

    /// The time since the first attempt began.
    fileprivate var elapsed: Duration { retryExecutor.time.now() - start }

    /// Counts from the first attempt again, because the last one made progress.
    mutating func restart() { self = RetryAttempts(of: retryExecutor) }

    /// Waits as the policy requires after a failure.
    ///
    /// - Returns: A Boolean value that indicates whether to retry.
    /// - Throws: `CancellationError`.
    mutating func waitForNext(after failure: RegistryError) async throws -> Bool {
        let isRetried = try await retryExecutor.waitBeforeRetry(
            attempt: count, since: start, for: failure)
        if isRetried { count += 1 }
        return isRetried
    }

    /// Waits as the policy requires after a temporary failure; after another one, whose repetition
    /// another request avoids, retries at once.
    ///
    /// - Returns: A Boolean value that indicates whether to retry.
    /// - Throws: `CancellationError`.
    mutating func mayRestart(after failure: RegistryError) async throws -> Bool {
        guard !failure.isTransient else { return try await waitForNext(after: failure) }
        guard count < retryExecutor.policy.maximumAttempts else { return false }
        count += 1
        return true
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI

/// Does something again until it succeeds or the policy gives up.
struct RetryExecutor: Sendable {
    let host: RegistryHost
    /// The origin that is asked: the registry's, or that of its token server.
    var origin: Origin
    var policy: RetryPolicy
    /// Of the host that is asked: the registry, or its token server.
    var throttle: HostThrottle
    let others: HostThrottles
    let monitor: HostHealthMonitor
    let time: RetryTiming
    let events: @Sendable (RegistryEvent) -> Void

    /// Returns the same for requests to another host that serves the registry.
    func facing(_ origin: Origin) -> RetryExecutor {
        var retrier = closing(
            others.throttle(for: origin, concurrency: HostThrottles.concurrency))
        retrier.origin = origin
        return retrier
    }

    /// Returns the same for requests that wait among themselves.
    func closing(_ throttle: HostThrottle) -> RetryExecutor {
        var retrier = self
        retrier.throttle = throttle
        return retrier
    }

    /// Runs `attempt`; what it throws besides rejections and broken exchanges ends it at once.
    ///
    /// - Throws: ``RegistryError`` after the last attempt, or what `attempt` throws.
    func run<Value: Sendable>(
        _ call: Operation, _ attempt: () async throws -> Value
    ) async throws -> Value {
        var count = 1
        let start = time.now()
        while true {
            let failure: RegistryError
            do {
                return try await attempt()
            } catch let rejection as ErrorResponse {
                failure = RegistryError(call, rejection)
            } catch let error as TransportError {
                failure = RegistryError(call, error)
            }
            // A write may have to be stored first, which takes longer than the budget grants a read.
            guard call.access.writes || time.now() - start < policy.retryFor,
                try await waits(attempt: count, since: start, for: failure)
            else { throw failure }
            count += 1
        }
    }

    /// Waits as the policy says, and tells whether there is another attempt.
    ///
    /// - Parameters:
    ///   - attempt: the number of the failed attempt, from 1.
    ///   - start: when the first one began.
    ///   - failure: how the attempt failed.
    /// - Returns: whether there is another attempt.
    /// - Throws: `CancellationError`.
    func waits(
        attempt: Int, since start: Duration, for failure: RegistryError
    ) async throws -> Bool {
        try Task.checkCancellation()
        guard let outcome = failure.outcome else { return false }
        let health = monitor.health(of: origin)
        let decision = policy.decide(
            attempt: attempt, outcome, jitter: time.jitter(), left: health.left(at: time.now()),
            hostAnswers: health.hasSucceeded(since: start))
        switch decision {
        case .giveUp: return false
        case .retry(let wait):
            events(.retryWaiting(host: host, reason: failure.reason, duration: wait))
            try await time.sleep(wait)
        case .closeHost(let wait):
            // The next attempt waits where all requests wait, until the host is open.
            events(.retryWaiting(host: host, reason: failure.reason, duration: wait))
            throttle.close(for: wait)
        }
        return true
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import OCI

/// Does something again until it succeeds or the policy gives up.
struct RetryExecutor: Sendable {
    let host: RegistryHost
    var policy: RetryPolicy
    /// Of the host that is asked: the registry, or its token server.
    var throttle: HostThrottle
    let others: HostThrottles
    let time: RetryTiming
    let events: @Sendable (RegistryEvent) -> Void

    /// Returns the same for requests to another host that serves the registry.
    func facing(_ origin: Origin) -> RetryExecutor {
        closing(others.throttle(for: origin, concurrency: HostThrottles.concurrency))
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
        while true {
            let failure: RegistryError
            do {
                return try await attempt()
            } catch let rejection as ErrorResponse {
                failure = RegistryError(call, rejection)
            } catch let error as TransportError {
                failure = RegistryError(call, error)
            }
            guard try await waits(attempt: count, for: failure) else { throw failure }
            count += 1
        }
    }

    /// Waits as the policy says, and tells whether there is another attempt.
    func waits(attempt: Int, for failure: RegistryError) async throws -> Bool {
        try Task.checkCancellation()
        guard let outcome = failure.outcome else { return false }
        switch policy.decide(attempt: attempt, outcome, jitter: time.jitter()) {
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

// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import HTTP

/// The limits of one host: the numbers of concurrent requests, downloads and uploads, the rate of
/// requests, and the time before which nothing is sent.
///
/// When one request is throttled, nothing is sent to the host before the stated time, if the policy
/// permits the wait. The requests that hold a permit then continue at different times, and the others
/// as permits become free.
///
/// Bodies of large blobs have limits of their own, so that no other request waits for them.
final class HostThrottle: Sendable {
    private struct State {
        var pace = RequestPace()
        var closedUntil = Duration.zero
        /// The number of times that the host throttled, with all requests in flight as one.
        var epoch = 0
        /// The number of times that it throttled since it last accepted a request.
        var rejections = 0
        /// The time from which it has accepted no request; `nil` if it accepted the last one.
        var rejectingSince: Duration?
        var lastRejection = Duration.zero

        mutating func accept() {
            pace.accept()
            (rejections, rejectingSince) = (0, nil)
        }

        /// Records that the host throttled requests of the current epoch.
        mutating func reject(at now: Duration, retryFor: Duration) {
            epoch += 1
            pace.throttled(at: now)
            // Requests that are far apart are throttled for different reasons.
            if now - lastRejection > retryFor * 2 { (rejections, rejectingSince) = (0, nil) }
            rejections += 1
            rejectingSince = rejectingSince ?? now
            lastRejection = now
        }

        /// Returns the time for which requests to the host may still be throttled.
        func left(at now: Duration, retryFor: Duration) -> Duration {
            retryFor - (now - (rejectingSince ?? now))
        }
    }

    private let state = Mutex(State())
    private let policy: RetryPolicy
    private let time: RetryTiming
    /// The limit of requests without large bodies; its throughput is counted in responses.
    private let requests: ConcurrencyLimiter
    /// The limit of large bodies that are read; its throughput is counted in bytes.
    let downloads: ConcurrencyLimiter
    /// The limit of large bodies that are written; its throughput is counted in bytes.
    let uploads: ConcurrencyLimiter

    /// The number of concurrent operations that throttling leaves if the rate is known.
    static let limitedConcurrency = 4

    /// The interval over which waiting requests are spread when the host opens again.
    static let spread = Duration.milliseconds(250)

    /// Creates a throttle.
    ///
    /// - Parameters:
    ///   - concurrency: The upper bound of concurrent requests, of downloads, and of uploads.
    ///   - policy: The policy that decides for how long the host is closed.
    ///   - time: The clock and the random numbers.
    init(concurrency: Int, policy: RetryPolicy, time: RetryTiming) {
        func limiter(_ tuning: ConcurrencyController.Tuning) -> ConcurrencyLimiter {
            ConcurrencyLimiter(maximum: concurrency, tuning, now: time.now)
        }
        self.policy = policy
        self.time = time
        self.requests = limiter(.requests)
        self.downloads = limiter(.transfers)
        self.uploads = limiter(.transfers)
    }

    /// Runs an exchange while holding a permit for the host.
    ///
    /// - Throws: `CancellationError` if the task is canceled while it waits, or the error of
    ///   `exchange`.
    func withPermit<Value>(_ exchange: () async throws -> Value) async throws -> Value {
        try await acquirePermit()
        defer { requests.release() }
        let start = time.now()
        let began = requests.begin()
        defer { requests.end() }
        return try await observingThrottling {
            do {
                let value = try await ActivityMeter.measuring(exchange)
                recordResponse(after: time.now() - start)
                return value
            } catch let errorResponse as ErrorResponse {
                if errorResponse.outcome.isCongestion {
                    requests.throttled(began: began, keeping: minimumConcurrency)
                } else {
                    recordResponse(after: time.now() - start)
                }
                throw errorResponse
            } catch let error as TransportError where error.kind.suggestsOverload {
                requests.throttled(began: began)
                throw error
            }
        }
    }

    private func recordResponse(after latency: Duration) {
        requests.respond(after: latency)
        requests.record(1)
    }

    /// Runs an exchange as soon as the host is open, without a permit.
    ///
    /// It is for requests that the holder of a permit waits for, such as for a token, and for
    /// bodies, which have permits of their own.
    func withoutPermit<Value>(_ exchange: () async throws -> Value) async throws -> Value {
        try await waitForTurn()
        return try await observingThrottling { try await ActivityMeter.measuring(exchange) }
    }

    /// Records whether the host throttles, and closes it before another request can be sent.
    private func observingThrottling<Value>(
        _ exchange: () async throws -> Value
    ) async throws -> Value {
        let epoch = state.withLock { $0.epoch }
        do {
            let value = try await exchange()
            state.withLock { $0.accept() }
            return value
        } catch let errorResponse as ErrorResponse {
            guard errorResponse.outcome.isCongestion else {
                state.withLock { $0.accept() }
                throw errorResponse
            }
            let isNewEvent = reject(errorResponse.outcome, began: epoch)
            if isNewEvent {
                downloads.throttled(keeping: minimumConcurrency)
                uploads.throttled(keeping: minimumConcurrency)
            }
            throw errorResponse
        }
    }

    /// Closes the host after a throttled request.
    ///
    /// - Parameters:
    ///   - outcome: The result of the request.
    ///   - epoch: The epoch in which it began.
    /// - Returns: `false` if another request of the same epoch was throttled before.
    private func reject(_ outcome: RetryPolicy.Outcome, began epoch: Int) -> Bool {
        let (now, jitter) = (time.now(), time.jitter())
        return state.withLock { state in
            let isNewEvent = state.epoch == epoch
            if isNewEvent { state.reject(at: now, retryFor: policy.retryFor) }
            let left = state.left(at: now, retryFor: policy.retryFor)
            if let pause = policy.pause(
                after: outcome, rejections: state.rejections, jitter: jitter, left: left)
            {
                state.closedUntil = max(state.closedUntil, now + pause)
                state.pace.pause(until: state.closedUntil, at: now)
            }
            return isNewEvent
        }
    }

    /// The remaining time for which requests to the host may be throttled.
    var left: Duration {
        let now = time.now()
        return state.withLock { $0.left(at: now, retryFor: policy.retryFor) }
    }

    /// The time until the host is open again; zero or less for an open one.
    var timeUntilOpen: Duration { state.withLock { $0.closedUntil } - time.now() }

    /// The number of concurrent operations that throttling leaves: a host whose rate is known
    /// throttles no further requests because of their number.
    private var minimumConcurrency: Int {
        state.withLock { $0.pace.isLimited } ? Self.limitedConcurrency : 1
    }

    /// Waits for a permit, for the host to be open, and for a turn at its pace.
    private func acquirePermit() async throws {
        while true {
            try await requests.acquire()
            do {
                try await waitUntilOpen()
                // The limit may have become smaller meanwhile.
                if requests.releaseIfExceeded() { continue }
                return try await waitForTurn()
            } catch {
                requests.release()
                throw error
            }
        }
    }

    /// Waits for the host to be open, and for a turn at its pace; another one if the host closes
    /// meanwhile.
    private func waitForTurn() async throws {
        while true {
            try await waitUntilOpen()
            let now = time.now()
            let (wait, epoch) = state.withLock { ($0.pace.takeTurn(at: now), $0.epoch) }
            guard wait > .zero else { return }
            try await time.sleep(wait)
            guard state.withLock({ $0.epoch }) != epoch else { return }
        }
    }

    private func waitUntilOpen() async throws {
        while case let left = timeUntilOpen, left > .zero {
            try await time.sleep(left + Self.spread * time.jitter())
        }
    }
}

extension TransportError.Kind {
    /// A Boolean value that indicates whether a host with too many connections may cause it.
    fileprivate var suggestsOverload: Bool {
        switch self {
        case .connect, .interrupted, .timeout: true
        case .resolve, .tls, .certificateName, .certificateTime, .notTLS, .malformed, .tooLarge,
            .refused, .outOfReach, .givenUp:
            false
        }
    }
}

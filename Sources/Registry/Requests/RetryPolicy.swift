// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The policy that decides after a failed attempt whether, and when, to retry.
///
/// The wait starts at one second and doubles up to a minute; half of it is random, so that clients
/// do not retry at the same time. A request to a host that responds to other requests has a limited
/// number of attempts; if the host responds to none, the shared retry budget decides.
///
/// When the host throttles, no request is sent to it until its `Retry-After` has passed, if the budget
/// permits; otherwise the request fails at once and states when to retry. Without `Retry-After`, the
/// host is closed for longer only if it accepts no request at all; a request that it rejects again
/// while it accepts others waits longer by itself, and is retried until its budget ends.
struct RetryPolicy: Hashable, Sendable {
    /// The result of a failed attempt.
    struct Outcome: Hashable, Sendable {
        /// A kind of failure.
        enum Event: Hashable, Sendable {
            case status(Int)
            case transport(TransportError.Kind)
            /// GHCR's limit on bursts of writes, which lasts for minutes.
            case secondaryRateLimit
            /// Docker Hub's pull rate limit, which resets after hours.
            case quotaExhausted
            /// The storage quota of a project, which an administrator has to raise.
            case storageExceeded
        }

        let event: Event
        /// The time that the server asks to wait.
        var retryAfter: Duration?
        /// A Boolean value that indicates whether the response came from another host, after a
        /// redirect.
        var isFromElsewhere = false

        /// A Boolean value that indicates whether the same request may succeed later.
        ///
        /// Certificate errors, malformed responses and blocked addresses are permanent. A presigned
        /// URL that a blob store rejects is replaced by a new one.
        var isTransient: Bool {
            switch event {
            case .status(403): isFromElsewhere
            case .status(let status): RetryPolicy.transientStatuses.contains(status)
            case .transport(.resolve), .transport(.connect), .transport(.interrupted),
                .transport(.timeout):
                true
            case .transport: false
            case .secondaryRateLimit: true
            case .quotaExhausted, .storageExceeded: false
            }
        }

        /// A Boolean value that indicates whether the host throttles all requests.
        var isCongestion: Bool {
            switch event {
            case .status(429), .secondaryRateLimit: !isFromElsewhere
            // Without `Retry-After`, 503 means that a server is down or starting, not that it
            // throttles.
            case .status(503): retryAfter != nil && !isFromElsewhere
            default: false
            }
        }
    }

    /// The action after a failed attempt.
    enum Decision: Hashable, Sendable {
        /// Retry the request after a delay, and not before its host is open.
        case retry(after: Duration)
        case giveUp
    }

    /// The contact with a host while a request was tried.
    enum Contact: Hashable, Sendable {
        /// The host has responded to other requests since the first attempt, or to this one with a
        /// body that broke off.
        case responding
        /// The host has responded in this run, but not since the first attempt.
        case lost
        /// The host was never reached in this run.
        case none
    }

    /// The maximum number of attempts, including the first, while the host responds to other
    /// requests.
    var maximumAttempts = 6
    /// A Boolean value that indicates whether a request is retried further while its host does not
    /// respond, or throttles.
    var outlastsOutages = true
    /// The retry budget of a host: the time for which it may fail without a success in between.
    var retryFor = Duration.seconds(300)
    /// The upper bound of the first wait.
    var firstWait = Duration.seconds(1)
    /// The upper bound of every wait that no server requested.
    var longestWait = Duration.seconds(60)
    /// The upper bounds of the waits after failed connections to a host that was reached before,
    /// long enough for a registry to restart before the third failure marks it as down.
    var connectWaits: [Duration] = [.seconds(5), .seconds(20)]

    /// The longest `Retry-After` that is honored.
    var longestRetryAfter: Duration { min(.seconds(300), retryFor) }

    /// The policy for unattended jobs, which prefer a delay to a failure.
    static let unattended = RetryPolicy()
    /// The policy for interactive commands.
    static let attended = RetryPolicy(
        maximumAttempts: 4, retryFor: .seconds(60), connectWaits: shortWaits)

    /// The policy for an optional request, whose failure does not fail an image: two attempts
    /// within seconds.
    var optional: RetryPolicy {
        var policy = self
        policy.maximumAttempts = min(2, maximumAttempts)
        policy.outlastsOutages = false
        policy.retryFor = min(.seconds(10), retryFor)
        policy.connectWaits = Self.shortWaits
        return policy
    }

    /// The upper bounds after failed lookups, and after failed connections to a host that was never
    /// reached: either rarely appears within seconds.
    private static let shortWaits: [Duration] = [.seconds(1), .seconds(2)]

    /// Returns the action after a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: The number of the failed attempt, from 1.
    ///   - outcome: The result of the attempt.
    ///   - jitter: A random number from 0 up to 1.
    ///   - elapsed: The time since the first attempt began.
    ///   - left: The remaining retry budget of the host; `nil` for all of it.
    ///   - contact: The contact with the host since the first attempt.
    /// - Returns: The action.
    func decide(
        attempt: Int, _ outcome: Outcome, jitter: Double, elapsed: Duration = .zero,
        left: Duration? = nil, contact: Contact = .responding
    ) -> Decision {
        guard outcome.isTransient,
            attempt < limit(of: outcome.event)
                || outlasts(outcome, elapsed: elapsed, contact: contact)
        else { return .giveUp }
        let bound = bound(attempt, after: outcome.event, contact: contact)
        let wait = wait(after: outcome, attempt, bound: bound, jitter: jitter, left: left)
        return wait.map { .retry(after: $0) } ?? .giveUp
    }

    /// Returns the time for which no request is sent to a host that throttles.
    ///
    /// - Parameters:
    ///   - outcome: The result of a throttled request.
    ///   - rejections: The number of times that the host throttled since it last accepted a request.
    ///   - jitter: A random number from 0 up to 1.
    ///   - left: The remaining time for which requests to the host may be throttled.
    /// - Returns: The time; `nil` if it is too long, or if nothing is retried, so that requests fail at
    ///   once.
    func pause(
        after outcome: Outcome, rejections: Int, jitter: Double, left: Duration
    ) -> Duration? {
        guard maximumAttempts > 1 else { return nil }
        return wait(
            after: outcome, rejections, bound: bound(rejections), jitter: jitter, left: left)
    }

    /// Returns the wait after a number of failures; `nil` if it is too long.
    private func wait(
        after outcome: Outcome, _ count: Int, bound: Duration, jitter: Double, left: Duration?
    ) -> Duration? {
        let left = left ?? retryFor
        guard let asked = outcome.retryAfter ?? Self.leastWait(outcome.event) else {
            let wait = bound * (0.5 + jitter / 2)
            return wait <= left ? wait : nil
        }
        guard asked <= longestRetryAfter, asked <= left else { return nil }
        // Requests that are throttled again are spread over time.
        return count <= 1 ? asked : asked + self.bound(count - 1) * jitter / 2
    }

    /// Returns a Boolean value that indicates whether a request is retried after more than the limited
    /// number of attempts.
    private func outlasts(_ outcome: Outcome, elapsed: Duration, contact: Contact) -> Bool {
        switch outcome.event {
        case _ where !outlastsOutages: false
        case .status(403), .secondaryRateLimit: false
        default: contact != .responding || (outcome.isCongestion && elapsed < retryFor)
        }
    }

    /// Returns the upper bounds of the waits after connection or lookup failures.
    func connectWaits(after kind: TransportError.Kind, wasReached: Bool) -> [Duration] {
        kind == .resolve || !wasReached ? Self.shortWaits : connectWaits
    }

    private func limit(of event: Outcome.Event) -> Int {
        switch event {
        case .status(403): min(3, maximumAttempts)
        case .secondaryRateLimit: min(4, maximumAttempts)
        default: maximumAttempts
        }
    }

    private func bound(
        _ attempt: Int, after event: Outcome.Event, contact: Contact
    ) -> Duration {
        guard case .transport(let kind) = event, kind == .connect || kind == .resolve else {
            return bound(attempt)
        }
        let waits = connectWaits(after: kind, wasReached: contact != .none)
        return waits.dropFirst(attempt - 1).first ?? waits.last ?? .zero
    }

    private func bound(_ attempt: Int) -> Duration {
        min(firstWait * (1 << min(attempt - 1, 16)), longestWait)
    }

    /// The statuses of temporary failures; proxies in front of registries use 499 and 522 for a
    /// lost connection.
    static let transientStatuses: Set<Int> = [
        408, 425, 429, 499, 500, 502, 503, 504, 522,
    ]

    private static func leastWait(_ event: Outcome.Event) -> Duration? {
        event == .secondaryRateLimit ? .seconds(120) : nil
    }
}

/// The clock and the random numbers of the client, which tests replace.
public struct RetryTiming: Sendable {
    /// A monotonic clock.
    public var now: @Sendable () -> Duration
    /// Waits, or throws `CancellationError`.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// Returns a random number from 0 up to 1.
    public var jitter: @Sendable () -> Double

    /// Creates a value.
    public init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.jitter = jitter
    }

    /// The system's clock and random numbers.
    public static let system: RetryTiming = {
        let start = ContinuousClock.now
        return RetryTiming(
            now: { ContinuousClock.now - start },
            sleep: { try await Task.sleep(for: $0) },
            jitter: { Double.random(in: 0..<1) })
    }()
}

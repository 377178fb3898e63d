// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Decides after a failed attempt whether, and when, there is another one.
///
/// The wait grows from one second by doubling, cut at a minute; half of it is drawn by chance, so that
/// many clients do not return at once. A request to a host that answers others has a number of
/// attempts; while the host answers none, the retry budget that all of its requests share decides.
/// Where the host asks for patience, it is closed for all requests, as long as its `Retry-After` says
/// and the budget allows. Beyond that the request fails at once and says until when.
struct RetryPolicy: Hashable, Sendable {
    /// How one attempt ended, as far as the decision depends on it.
    struct Outcome: Hashable, Sendable {
        /// What happened.
        enum Event: Hashable, Sendable {
            case status(Int)
            case transport(TransportError.Kind)
            /// GHCR's limit on bursts of writes, which lasts minutes.
            case secondaryRateLimit
            /// Docker Hub's allowance of pulls; it comes back after hours.
            case quotaExhausted
        }

        let event: Event
        /// How long the server asks to wait.
        var retryAfter: Duration?
        /// Whether it came from another host than the one that was asked, after a redirect.
        var isFromElsewhere = false

        /// Whether the same request may succeed later.
        ///
        /// Certificates, malformed answers and refused addresses do not get better by waiting. A link
        /// that a store refuses is replaced by a fresh one.
        var isTransient: Bool {
            switch event {
            case .status(403): isFromElsewhere
            case .status(let status): RetryPolicy.transientStatuses.contains(status)
            case .transport(.resolve), .transport(.connect), .transport(.interrupted),
                .transport(.timeout):
                true
            case .transport: false
            case .secondaryRateLimit: true
            case .quotaExhausted: false
            }
        }

        /// Whether the host asks for patience, which concerns all that is sent to it.
        var isCongestion: Bool {
            switch event {
            case .status(429), .secondaryRateLimit: !isFromElsewhere
            // Otherwise a server that is down, or starting: it says nothing about our pace.
            case .status(503): retryAfter != nil && !isFromElsewhere
            default: false
            }
        }
    }

    /// What is done next.
    enum Decision: Hashable, Sendable {
        /// The request waits by itself.
        case retry(after: Duration)
        /// Nothing is sent to the host for that long; then there is another attempt.
        case closeHost(for: Duration)
        case giveUp
    }

    /// How many attempts a request has, the first included, while its host answers other requests.
    var maximumAttempts = 6
    /// Whether a request has more attempts while its host answers none.
    var outlastsOutages = true
    /// The retry budget of a host: how long it may fail without a success in between.
    var retryFor = Duration.seconds(300)
    /// The bound of the first wait.
    var firstWait = Duration.seconds(1)
    /// The bound of every wait that no server asked for.
    var longestWait = Duration.seconds(60)
    /// The bounds of the waits after failed connections, which let a registry restart before the third
    /// failure marks it as down.
    var connectWaits: [Duration] = [.seconds(5), .seconds(20)]

    /// The longest wait that a server is granted.
    var longestRetryAfter: Duration { min(.seconds(300), retryFor) }

    /// For a job that runs by itself: it rather takes long than fails.
    static let unattended = RetryPolicy()
    /// For a command whose answer somebody waits for.
    static let attended = RetryPolicy(
        maximumAttempts: 4, retryFor: .seconds(60), connectWaits: lookupWaits)

    /// The bounds after failed lookups: a name that has no address rarely gets one.
    private static let lookupWaits: [Duration] = [.seconds(1), .seconds(2)]

    /// Decides what follows the attempt with the number `attempt`, counted from 1.
    ///
    /// - Parameters:
    ///   - attempt: the number of the failed attempt, from 1.
    ///   - outcome: how it failed.
    ///   - jitter: a number from 0 up to 1, drawn for each decision.
    ///   - left: what is left of the retry budget; `nil` for all of it.
    ///   - hostAnswers: whether the host has answered any request since the first attempt.
    /// - Returns: what is done next.
    func decide(
        attempt: Int, _ outcome: Outcome, jitter: Double, left: Duration? = nil,
        hostAnswers: Bool = true
    ) -> Decision {
        let left = left ?? retryFor
        guard outcome.isTransient,
            attempt < limit(of: outcome.event)
                || (!hostAnswers && outlastsOutages && isOutage(outcome.event))
        else { return .giveUp }
        let own = bound(attempt, outcome.event) * (0.5 + jitter / 2)
        var wait = own
        if let asked = outcome.retryAfter ?? Self.leastWait(outcome.event) {
            guard asked <= longestRetryAfter, asked <= left else { return .giveUp }
            // Who is sent away again although it came in time comes later than it was told.
            wait = attempt == 1 ? asked : asked + bound(attempt - 1) * jitter / 2
        } else {
            guard own <= left else { return .giveUp }
        }
        return outcome.isCongestion ? .closeHost(for: wait) : .retry(after: wait)
    }

    /// Returns the bounds of the waits after connections that failed in one of two ways.
    func connectWaits(after kind: TransportError.Kind) -> [Duration] {
        kind == .resolve ? Self.lookupWaits : connectWaits
    }

    private func limit(of event: Outcome.Event) -> Int {
        switch event {
        case .status(403): min(3, maximumAttempts)
        case .secondaryRateLimit: min(4, maximumAttempts)
        default: maximumAttempts
        }
    }

    private func isOutage(_ event: Outcome.Event) -> Bool {
        event != .status(403) && event != .secondaryRateLimit
    }

    private func bound(_ attempt: Int, _ event: Outcome.Event) -> Duration {
        switch event {
        case .transport(.connect): Self.step(attempt, of: connectWaits(after: .connect))
        case .transport(.resolve): Self.step(attempt, of: connectWaits(after: .resolve))
        default: bound(attempt)
        }
    }

    private func bound(_ attempt: Int) -> Duration {
        min(firstWait * (1 << min(attempt - 1, 16)), longestWait)
    }

    private static func step(_ attempt: Int, of waits: [Duration]) -> Duration {
        waits.dropFirst(attempt - 1).first ?? waits.last ?? .zero
    }

    /// 499 and 522 are what proxies in front of registries answer for a lost connection.
    static let transientStatuses: Set<Int> = [
        408, 425, 429, 499, 500, 502, 503, 504, 522,
    ]

    private static func leastWait(_ event: Outcome.Event) -> Duration? {
        event == .secondaryRateLimit ? .seconds(120) : nil
    }
}

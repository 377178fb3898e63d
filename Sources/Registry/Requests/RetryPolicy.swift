// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Decides after a failed attempt whether, and when, there is another one.
///
/// The wait grows from one second by doubling, cut at a minute, and is drawn evenly from zero to
/// that (full jitter), so that many clients do not return at once. A server's `Retry-After` is obeyed
/// up to five minutes; beyond that the request fails at once and says until when.
struct RetryPolicy: Sendable {
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
    }

    /// What is done next.
    enum Decision: Hashable, Sendable {
        case retry(after: Duration)
        case giveUp
    }

    /// How many attempts a request has, the first included.
    var maximumAttempts = 6
    /// The bound of the first wait.
    var firstWait = Duration.seconds(1)
    /// The bound of every wait that no server asked for.
    var longestWait = Duration.seconds(60)
    /// The longest wait that a server is granted.
    var longestRetryAfter = Duration.seconds(300)

    /// Decides what follows the attempt with the number `attempt`, counted from 1.
    ///
    /// `jitter` is a number from 0 up to 1, drawn anew for each decision.
    func decide(attempt: Int, _ outcome: Outcome, jitter: Double) -> Decision {
        guard attempt < maximumAttempts, Self.isTransient(outcome.event) else { return .giveUp }
        if case .transport(.resolve) = outcome.event, attempt > 2 { return .giveUp }
        if outcome.event == .secondaryRateLimit, attempt > 3 { return .giveUp }
        if let asked = outcome.retryAfter ?? Self.minimumWait(outcome.event) {
            guard asked <= longestRetryAfter else { return .giveUp }
            // A little more than asked for, so that all who were told the same do not come at once.
            return .retry(after: asked + firstWait * jitter)
        }
        let doublings = min(attempt - 1, 16)
        return .retry(after: min(firstWait * (1 << doublings), longestWait) * jitter)
    }

    /// Whether the same request may succeed later.
    ///
    /// Certificates, malformed answers and refused addresses do not get better by waiting.
    static func isTransient(_ event: Outcome.Event) -> Bool {
        switch event {
        case .status(let status): transientStatuses.contains(status)
        case .transport(.resolve), .transport(.connect), .transport(.interrupted),
            .transport(.timeout):
            true
        case .transport: false
        case .secondaryRateLimit: true
        case .quotaExhausted: false
        }
    }

    /// 499 and 522 are what proxies in front of registries answer for a lost connection.
    private static let transientStatuses: Set<Int> = [
        408, 425, 429, 499, 500, 502, 503, 504, 522,
    ]

    private static func minimumWait(_ event: Outcome.Event) -> Duration? {
        event == .secondaryRateLimit ? .seconds(120) : nil
    }
}

/// The `Retry-After` field.
///
/// Source: RFC 9110 §10.2.3.
enum RetryAfter {
    /// Returns how long to wait, or nil where the field is absent, negative or no time.
    ///
    /// A date is compared with the server's own `Date`, never with the clock here: clocks differ.
    static func duration(in fields: HTTPFields) -> Duration? {
        guard let value = fields["retry-after"] else { return nil }
        if !value.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // More digits than fit are a wait that nobody grants.
            return .seconds(Int(value).map { min($0, 1 << 40) } ?? 1 << 40)
        }
        guard let date = HTTPDate.parse(value), let now = fields["date"].flatMap(HTTPDate.parse)
        else { return nil }
        return .seconds(max(0, date - now))
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The health of a host in this run.
///
/// All requests to a host share one retry budget: the time for which it may fail without a success
/// in between. Three failed connections in a row mark it as down at once. Concurrent failures count
/// as one: the next failure counts only if its request was sent after a pause, so a short restart
/// of a registry does not use up all three. A host that was never reached is rather misspelled or
/// blocked than restarting: its pauses and its time are short.
struct HostHealth: Hashable, Sendable {
    /// A failure that affects the health of a host.
    enum Failure: Hashable, Sendable {
        /// The connection failed.
        ///
        /// The next failure counts only if its request was sent after the pause at
        /// this index.
        case connection(pauses: [Duration])
        /// The host responded with a server error, closed the connection, or timed out.
        case outage
        /// The host responded, but the body of the response broke off.
        case brokenBody
        /// The host throttles requests, which never marks it as down; ``HostThrottle`` has the time for
        /// which it may.
        case throttled
    }

    /// The number of failed connections after which a host is down.
    static let maximumFailedConnections = 3
    /// The time limit of a connection to a host whose last connection failed.
    static let connectTimeout = Duration.seconds(5)
    /// The time for which connections to a host may fail that was never reached.
    static let reachLimit = Duration.seconds(15)
    /// The minimum retry budget for another request.
    static let shortestAttempt = Duration.seconds(1)

    /// The time for which the host may fail without a success in between.
    let retryFor: Duration
    /// The reason why no more requests are sent to the host in this run, or `nil` while it is in
    /// use.
    private(set) var reasonGivenUp: String?
    /// The last failure without a response.
    private var lastError: TransportError?

    /// A Boolean value that indicates whether the host has accepted a connection in this run.
    private(set) var wasReached = false
    private var lastSuccess: Duration?
    private var lastFailure: Duration?
    /// A Boolean value that indicates whether the most recent failure was a broken body.
    private var isBodyBroken = false
    /// The start of the time in which every request failed, or `nil` after a success.
    private var failingSince: Duration?
    private var failedConnections = 0
    private var lastFailedConnection = Duration.zero

    init(retryFor: Duration) {
        self.retryFor = retryFor
    }

    /// Returns the remaining retry budget.
    func left(at now: Duration) -> Duration {
        guard reasonGivenUp == nil else { return .zero }
        return failingSince.map { retryFor - (now - $0) } ?? retryFor
    }

    /// The error of further requests if the host is given up.
    var errorGivenUp: TransportError? {
        reasonGivenUp.map {
            TransportError(.givenUp, $0, proxy: lastError?.proxy, cause: lastError?.kind)
        }
    }

    /// A Boolean value that indicates whether the most recent requests failed.
    var isFailing: Bool { failingSince != nil }

    /// A Boolean value that indicates whether the most recent connections failed.
    var isUnreachable: Bool { failedConnections > 0 }

    /// Returns the contact with the host since a time.
    func contact(since time: Duration) -> RetryPolicy.Contact {
        guard wasReached else { return .none }
        let hasSucceeded = lastSuccess.map { $0 >= time } ?? false
        return hasSucceeded || isBodyBroken ? .responding : .lost
    }

    /// Records a response that does not indicate an outage.
    mutating func succeed(at now: Duration) {
        lastSuccess = now
        wasReached = true
        failingSince = nil
        failedConnections = 0
        // A request in flight succeeded, so the host is up.
        reasonGivenUp = nil
    }

    /// Records a failed request.
    ///
    /// - Parameters:
    ///   - failure: The kind of failure.
    ///   - began: The time at which the request was sent, or failed if its duration is unlimited.
    ///   - now: The current time.
    ///   - reason: The failure as text for messages.
    ///   - cause: The error of a request without a response.
    mutating func fail(
        _ failure: Failure, began: Duration, at now: Duration, reason: String,
        cause: TransportError? = nil
    ) {
        if reasonGivenUp == nil { lastError = cause }
        // Failures that are far apart are separate outages.
        if let lastFailure, began - lastFailure > retryFor * 2 {
            failingSince = nil
            failedConnections = 0
        }
        lastFailure = now
        isBodyBroken = failure == .brokenBody
        if failure == .throttled {
            wasReached = true
            failedConnections = 0
            return
        }
        let start = failingSince ?? max(began, lastSuccess ?? began)
        failingSince = start
        switch failure {
        case .throttled: break
        case .outage, .brokenBody:
            wasReached = true
            failedConnections = 0
        case .connection(let pauses):
            countConnection(began: began, at: now, pauses: pauses)
            if failedConnections >= Self.maximumFailedConnections {
                giveUp("\(failedConnections) connections failed", reason)
            }
        }
        let limit = wasReached ? retryFor : min(retryFor, Self.reachLimit)
        if limit - (now - start) < Self.shortestAttempt {
            giveUp("failed for \(limit.secondsText)", reason)
        }
    }

    private mutating func countConnection(
        began: Duration, at now: Duration, pauses: [Duration]
    ) {
        if failedConnections > 0 {
            let pause = pauses.dropFirst(failedConnections - 1).first ?? pauses.last ?? .zero
            guard began - lastFailedConnection >= pause else { return }
        }
        failedConnections += 1
        lastFailedConnection = now
    }

    private mutating func giveUp(_ summary: String, _ reason: String) {
        guard reasonGivenUp == nil else { return }
        reasonGivenUp = "\(summary) (\(reason))"
    }
}

extension Duration {
    /// The whole seconds, such as `60 s`.
    fileprivate var secondsText: String { "\(components.seconds) s" }
}

// SPDX-License-Identifier: Apache-2.0

/// How one host has answered in this run, and whether it is worth another request.
///
/// All requests to a host share one retry budget: the time for which it may fail without a success in
/// between. Three failed connections in a row mark it as down at once. Several requests that fail
/// together count as one: the next one counts only if it was sent after a pause, so a short restart of a
/// registry does not use up all three.
struct HostHealth: Hashable, Sendable {
    /// How a request failed, as far as it says something about its host.
    enum Failure: Hashable, Sendable {
        /// No connection came about. Another failure counts only for a request that was sent after the
        /// pause at the index of the one before it.
        case connection(pauses: [Duration])
        /// The host answered with a server error, broke off, or did not answer in time.
        case outage
        /// The host asked to send less; it is not given up for that.
        case throttled
    }

    /// The number of failed connections after which a host is down.
    static let maximumFailedConnections = 3
    /// The part of the retry budget that must be left for another request.
    static let shortestAttempt = Duration.seconds(1)

    /// How long the host may fail without a success in between.
    let retryFor: Duration
    /// Why nothing more is sent to the host in this run, or `nil` as long as requests are sent.
    private(set) var reasonGivenUp: String?

    private var lastSuccess: Duration?
    private var lastFailure: Duration?
    /// The start of the time in which every request failed, or `nil` after a success.
    private var failingSince: Duration?
    private var failedConnections = 0
    private var lastFailedConnection = Duration.zero

    init(retryFor: Duration) {
        self.retryFor = retryFor
    }

    /// Returns the part of the retry budget that is left.
    func left(at now: Duration) -> Duration {
        guard reasonGivenUp == nil else { return .zero }
        return failingSince.map { retryFor - (now - $0) } ?? retryFor
    }

    /// A Boolean value that indicates whether the most recent requests failed.
    var isFailing: Bool { failingSince != nil }

    /// Returns a Boolean value that indicates whether a request has succeeded since a time.
    func hasSucceeded(since time: Duration) -> Bool {
        lastSuccess.map { $0 >= time } ?? false
    }

    /// Records an answer that is no sign of an outage.
    mutating func succeed(at now: Duration) {
        lastSuccess = now
        failingSince = nil
        failedConnections = 0
        // A request that was under way has shown that the host is there after all.
        reasonGivenUp = nil
    }

    /// Records a failed request.
    ///
    /// - Parameters:
    ///   - failure: how it failed.
    ///   - began: when it was sent; for a transfer that may take any time, when it failed.
    ///   - now: when it failed.
    ///   - reason: the failure in words.
    mutating func fail(_ failure: Failure, began: Duration, at now: Duration, reason: String) {
        // Failures far apart are not one outage.
        if let lastFailure, began - lastFailure > retryFor * 2 {
            failingSince = nil
            failedConnections = 0
        }
        lastFailure = now
        let start = failingSince ?? max(began, lastSuccess ?? began)
        failingSince = start
        let isUsedUp = retryFor - (now - start) < Self.shortestAttempt
        switch failure {
        case .throttled:
            failedConnections = 0
        case .outage:
            failedConnections = 0
            if isUsedUp { giveUp("it failed for \(retryFor.inWords)", reason) }
        case .connection(let pauses):
            countConnection(began: began, at: now, pauses: pauses)
            if failedConnections >= Self.maximumFailedConnections {
                giveUp("\(failedConnections) connections to it failed", reason)
            } else if isUsedUp {
                giveUp("it failed for \(retryFor.inWords)", reason)
            }
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
        reasonGivenUp = "\(summary) (\(reason)), so nothing more is sent to it in this run"
    }
}

extension Duration {
    /// Whole seconds as `60 s`.
    fileprivate var inWords: String { "\(components.seconds) s" }
}

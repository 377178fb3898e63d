// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Detects an exchange without progress for too long in one phase, or with too long a total
/// duration.
///
/// libcurl's low-speed limit is not used: it also counts an upload that waits for its source, and
/// never ends a paused download.
struct StallDetector {
    /// The phase of an exchange.
    enum Phase: String {
        /// Connecting, for which libcurl has its own timeout.
        case connecting
        /// Sending the request.
        case sending
        /// Waiting for the response head.
        case waiting
        /// Receiving the response body.
        case receiving
    }

    /// The state of a transfer at one moment.
    struct Reading {
        var phase: Phase
        /// A number that grows with every byte in either direction.
        var movedBytes: Int64
        /// A Boolean value that indicates whether the transfer waits for this program.
        var isHeldByUs: Bool
        /// A Boolean value that indicates whether the response has an error status.
        var isExplanation = false
    }

    private let limits: HTTPTimeouts
    private var last: Reading?
    private var lastSign: ContinuousClock.Instant
    private let start: ContinuousClock.Instant
    private var explanationStart: ContinuousClock.Instant?

    init(_ limits: HTTPTimeouts, at now: ContinuousClock.Instant) {
        self.limits = limits
        self.lastSign = now
        self.start = now
    }

    /// The interval between two samples.
    var interval: Duration {
        let phases = min(limits.firstByte, limits.idle, limits.explanation)
        return max(.milliseconds(5), min(.seconds(1), min(phases, limits.total ?? phases) / 4))
    }

    /// Adds a sample, and returns an error if the limit of its phase is exceeded.
    mutating func read(_ reading: Reading, at now: ContinuousClock.Instant) -> TransportError? {
        if let total = limits.total, now - start > total {
            return TransportError(.timeout, "no complete answer within \(total)")
        }
        if reading.isExplanation {
            let start = explanationStart ?? now
            explanationStart = start
            guard now - start <= limits.explanation else {
                return TransportError(
                    .timeout, "no complete body of an error within \(limits.explanation)")
            }
        }
        let stands = last.map {
            $0.phase == reading.phase && $0.movedBytes == reading.movedBytes
        }
        last = reading
        guard stands == true, !reading.isHeldByUs, reading.phase != .connecting else {
            lastSign = now
            return nil
        }
        let limit = reading.phase == .waiting ? limits.firstByte : limits.idle
        guard now - lastSign > limit else { return nil }
        return TransportError(.timeout, Self.message(reading.phase, limit))
    }

    private static func message(_ phase: Phase, _ limit: Duration) -> String {
        switch phase {
        case .connecting: "no connection within \(limit)"
        case .sending: "the peer took no byte of the body for \(limit)"
        case .waiting: "no answer within \(limit)"
        case .receiving: "no byte of the answer's body for \(limit)"
        }
    }
}

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
    struct Sample {
        var phase: Phase
        /// A number that grows with every byte in either direction.
        var movedBytes: Int64
        /// A Boolean value that indicates whether the transfer waits for this program.
        var isWaitingForClient: Bool
        /// A Boolean value that indicates whether the response has an error status.
        var isErrorBody = false
    }

    private let limits: HTTPTimeouts
    private var lastSample: Sample?
    private var lastProgress: ContinuousClock.Instant
    private let start: ContinuousClock.Instant
    private var errorBodyStart: ContinuousClock.Instant?

    init(_ limits: HTTPTimeouts, at now: ContinuousClock.Instant) {
        self.limits = limits
        self.lastProgress = now
        self.start = now
    }

    /// The interval between two samples.
    var interval: Duration {
        let phases = min(limits.firstByte, limits.idle, limits.explanation)
        return max(.milliseconds(5), min(.seconds(1), min(phases, limits.total ?? phases) / 4))
    }

    /// Adds a sample, and returns an error if the limit of its phase is exceeded.
    mutating func add(_ sample: Sample, at now: ContinuousClock.Instant) -> TransportError? {
        if let total = limits.total, now - start > total {
            return TransportError(.timeout, "no complete response within \(total)")
        }
        if sample.isErrorBody {
            let start = errorBodyStart ?? now
            errorBodyStart = start
            guard now - start <= limits.explanation else {
                return TransportError(
                    .timeout, "error response not complete within \(limits.explanation)")
            }
        }
        let isUnchanged = lastSample.map {
            $0.phase == sample.phase && $0.movedBytes == sample.movedBytes
        }
        lastSample = sample
        guard isUnchanged == true, !sample.isWaitingForClient, sample.phase != .connecting else {
            lastProgress = now
            return nil
        }
        let limit = sample.phase == .waiting ? limits.firstByte : limits.idle
        guard now - lastProgress > limit else { return nil }
        return TransportError(.timeout, Self.message(sample.phase, limit))
    }

    private static func message(_ phase: Phase, _ limit: Duration) -> String {
        switch phase {
        case .connecting: "no connection within \(limit)"
        case .sending: "server has read no request body for \(limit)"
        case .waiting: "no response within \(limit)"
        case .receiving: "no response body received for \(limit)"
        }
    }
}

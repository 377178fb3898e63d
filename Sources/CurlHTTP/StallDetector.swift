// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Tells when a phase of an exchange has gone too long without a sign of life, or the whole exchange
/// has taken too long.
///
/// libcurl's own low-speed limit cannot be used: it counts an upload that waits for *our* bytes as
/// slow, and never ends a paused download.
struct StallDetector {
    /// What is waited for.
    enum Phase: String {
        /// A connection; libcurl has a limit of its own for it.
        case connecting
        /// The request's bytes to go out.
        case sending
        /// The head of the answer.
        case waiting
        /// The answer's bytes.
        case receiving
    }

    /// What is known of a transfer at one moment.
    struct Reading {
        var phase: Phase
        /// A number that grows with every byte in either direction.
        var movedBytes: Int64
        /// Whether it is our own side that keeps the bytes from moving.
        var isHeldByUs: Bool
        /// Whether the head of the answer has a status that its body only explains.
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

    /// How often a reading should be taken.
    var interval: Duration {
        let phases = min(limits.firstByte, limits.idle, limits.explanation)
        return max(.milliseconds(5), min(.seconds(1), min(phases, limits.total ?? phases) / 4))
    }

    /// Takes a reading, and returns an error where the limit of its phase has passed.
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

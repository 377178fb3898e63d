// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// A transport that limits the rate of all large response bodies together.
///
/// All bodies share one bucket and take one chunk at a time, so that they share it evenly. A body
/// that is not read is not sent: the limit reaches the server as back-pressure and does not count
/// as a stall.
public struct PacedTransport: HTTPTransport {
    private let base: any HTTPTransport
    private let pace: Pace

    /// Creates a transport.
    ///
    /// - Parameters:
    ///   - base: The transport that sends the requests.
    ///   - bytesPerSecond: The maximum rate of response bodies; at least 1.
    ///   - now: A monotonic clock.
    ///   - sleep: A function that waits, or throws `CancellationError`.
    public init(
        _ base: any HTTPTransport, bytesPerSecond: Int, now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.base = base
        self.pace = Pace(bytesPerSecond: bytesPerSecond, now: now, sleep: sleep)
    }

    /// Sends a request.
    ///
    /// The response body is paced if it may be large.
    ///
    /// - Throws: The errors of the underlying transport.
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let response = try await base.send(request)
        guard request.isBulk, request.method == .get else { return response }
        let body = ObservedStream(response.body) { [pace] chunk, _ in
            if let chunk { try await pace.wait(for: chunk.count) }
        }
        return HTTPResponse(
            status: response.status, fields: response.fields, body: body, peer: response.peer)
    }
}

/// The bucket that all bodies share.
private final class Pace: Sendable {
    private let bucket: Mutex<TokenBucket>
    private let now: @Sendable () -> Duration
    private let sleep: @Sendable (Duration) async throws -> Void

    init(
        bytesPerSecond: Int, now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.bucket = Mutex(TokenBucket(bytesPerSecond: bytesPerSecond))
        self.now = now
        self.sleep = sleep
    }

    /// Waits until `count` bytes may be delivered.
    func wait(for count: Int) async throws {
        let wait = bucket.withLock { $0.take(count, at: now()) }
        if wait > .zero { try await sleep(wait) }
    }
}

/// A rate limit: each caller takes bytes and waits for the returned time, in the order of the
/// calls.
///
/// Unused time can be made up for, but never more than ``slack``.
struct TokenBucket: Hashable, Sendable {
    /// The maximum unused time that can be made up for.
    static let slack = Duration.milliseconds(100)

    private let bytesPerSecond: Int
    /// The time at which everything taken so far is paid for.
    private var paidUntil = Duration.zero

    init(bytesPerSecond: Int) {
        precondition(bytesPerSecond > 0, "rate must be positive")
        self.bytesPerSecond = bytesPerSecond
    }

    /// Takes bytes and returns the time to wait before they are used.
    mutating func take(_ count: Int, at now: Duration) -> Duration {
        paidUntil = max(paidUntil, now - Self.slack)
        let (seconds, rest) = count.quotientAndRemainder(dividingBy: bytesPerSecond)
        paidUntil += .seconds(seconds)
        paidUntil += .nanoseconds(Int(Double(rest) / Double(bytesPerSecond) * 1e9))
        return max(paidUntil - now, .zero)
    }
}

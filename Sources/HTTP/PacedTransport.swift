// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Synchronization

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

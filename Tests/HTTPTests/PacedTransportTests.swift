// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Testing

@testable import HTTP

/// All large responses together are received no faster than the limit.
@Suite(.timeLimit(.minutes(10))) struct `a paced transport` {
    /// A clock that only sleeping advances.
    private final class Clock: Sendable {
        private let time = Mutex(Duration.zero)
        var now: Duration { time.withLock { $0 } }
        func sleep(_ duration: Duration) { time.withLock { $0 += duration } }
    }

    /// Sends a number of chunks of a thousand bytes for every request.
    private struct Server: HTTPTransport {
        let pieces: Int

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            HTTPResponse(
                status: 200, fields: [:],
                body: AsyncThrowingStream { continuation in
                    for _ in 0..<pieces { continuation.yield([UInt8](repeating: 7, count: 1000)) }
                    continuation.finish()
                })
        }
    }

    private func request(_ method: HTTPMethod = .get, isBulk: Bool = true) throws -> HTTPRequest {
        HTTPRequest(method, try HTTPURL(parsing: "https://a.example/v2/"), isBulk: isBulk)
    }

    @Test(arguments: [(1000, 20.0), (20_000, 1), (3000, 20.0 / 3)])
    func `takes as long as the rate requires, and changes no byte`(
        rate: Int, seconds: Double
    ) async throws {
        let clock = Clock()
        let transport = PacedTransport(
            Server(pieces: 20), bytesPerSecond: rate, now: { clock.now },
            sleep: { clock.sleep($0) })
        let body = try await transport.send(try request()).collect(limit: 1 << 20)
        #expect(body == [UInt8](repeating: 7, count: 20_000))
        #expect(abs(clock.now / .seconds(1) - seconds) < 0.01)
    }

    @Test func `does not delay small responses and requests`() async throws {
        let clock = Clock()
        let transport = PacedTransport(
            Server(pieces: 20), bytesPerSecond: 1, now: { clock.now }, sleep: { clock.sleep($0) })
        _ = try await transport.send(try request(isBulk: false)).collect(limit: 1 << 20)
        _ = try await transport.send(try request(.put)).collect(limit: 1 << 20)
        #expect(clock.now == .zero)
    }

    @Test func `ends a body whose reader is canceled while it waits`() async throws {
        let transport = PacedTransport(
            Server(pieces: 20), bytesPerSecond: 1, now: { .zero },
            sleep: { _ in throw CancellationError() })
        await #expect(throws: CancellationError.self) {
            try await transport.send(try request()).collect(limit: 1 << 20)
        }
    }

    @Test func `serves concurrent readers in turn and equally`() {
        var bucket = TokenBucket(bytesPerSecond: 1000)
        let waits = (0..<6).map { _ in bucket.take(500, at: .seconds(1)) }
        #expect(
            waits == [0.4, 0.9, 1.4, 1.9, 2.4, 2.9].map { Duration.milliseconds(Int($0 * 1000)) })
    }

    @Test func `compensates for a short pause, but not for more`() {
        var bucket = TokenBucket(bytesPerSecond: 1000)
        #expect(bucket.take(100, at: .seconds(100)) == .zero)
        #expect(bucket.take(1000, at: .seconds(100)) == .seconds(1))
        #expect(bucket.take(100, at: .seconds(3600)) == .zero)
        #expect(bucket.take(1000, at: .seconds(3600)) == .seconds(1))
    }
}

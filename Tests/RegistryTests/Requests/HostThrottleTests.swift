// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Content
import HTTP
import OCI
import Testing
import TextSafety

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct HostThrottleTests {
    private static let base = "https://reg.test/v2/app/manifests/1.0"
    private static let limited = ScriptedResponse(429, ["Retry-After": "7"])

    @Test func `F01 sends nothing to a host before its Retry-After has passed`() async throws {
        let scene = try Scene([
            Exchange("HEAD \(Self.base)", Self.limited),
            Exchange("HEAD \(Self.base)", ScriptedResponse(200, Sample.manifest.fields)),
        ])
        let app = try scene.repository()
        _ = try await app.resolve(.tag(.init(parsing: "1.0")))
        #expect(scene.time.waits.reduce(.zero, +) >= .seconds(7))
        #expect(scene.time.waits.reduce(.zero, +) < .seconds(8))
        scene.wire.expectDone()
    }

    @Test(arguments: [
        ScriptedResponse(429, [:], #"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#),
        ScriptedResponse(429, ["Content-Type": "text/plain"], "Too Many Requests (HAP429)"),
        ScriptedResponse(
            429, ["Content-Type": "text/html"], "<html><title>slow down</title></html>"),
        ScriptedResponse(403, [:], #"{"errors":[{"code":"TOOMANYREQUESTS","message":"later"}]}"#),
        ScriptedResponse(400, [:], #"{"errors":[{"code":"TOOMANYREQUESTS","message":"later"}]}"#),
    ])
    func `F02 recognizes throttling by status or code, also for a manifest's PUT`(
        response: ScriptedResponse
    ) async throws {
        let manifest = Sample.manifest
        let scene = try Scene([
            Exchange("PUT \(Self.base)", response),
            Exchange(
                "PUT \(Self.base)",
                ScriptedResponse(201, ["Docker-Content-Digest": "\(manifest.digest)"])),
        ])
        try await scene.repository().push(
            manifest: manifest.raw, as: .tag(.init(parsing: "1.0")))
        #expect(scene.time.waits.count == 1)
        scene.wire.expectDone()
    }

    @Test func `F02 respects the Retry-After of a token server`() async throws {
        let challenge = #"Bearer realm="https://reg.test/token",service="reg""#
        let scene = try Scene([
            Exchange("HEAD \(Self.base)", ScriptedResponse(401, ["WWW-Authenticate": challenge])),
            Exchange(
                "GET https://reg.test/token?service=reg&scope=repository:app:pull",
                Self.limited),
            Exchange(
                "GET https://reg.test/token?service=reg&scope=repository:app:pull",
                ScriptedResponse(200, [:], #"{"token":"t"}"#)),
            Exchange("HEAD \(Self.base)", ScriptedResponse(200, Sample.manifest.fields)),
        ])
        _ = try await scene.repository().resolve(.tag(.init(parsing: "1.0")))
        #expect(scene.time.waits.reduce(.zero, +) >= .seconds(7))
        scene.wire.expectDone()
    }

    @Test(arguments: [0, 1, 5, 6, 11, 12, 13])
    func `F03 retries during an outage within the retry budget, and fails after a longer one`(
        count: Int
    ) async throws {
        let fine = Exchange("HEAD \(Self.base)", ScriptedResponse(200, Sample.manifest.fields))
        let failing = [502, 503, 500].map { Exchange("HEAD \(Self.base)", ScriptedResponse($0)) }
        let most = 12
        let scene = try Scene(
            (0..<min(count, most)).map { failing[$0 % 3] } + (count < most ? [fine] : []))
        do {
            _ = try await scene.repository().resolve(.tag(.init(parsing: "1.0")))
            #expect(count < most)
        } catch let error as RegistryError {
            #expect(count >= most)
            #expect(error.failureClass == .unavailable)
        }
        #expect(scene.wire.requests.count == min(count + 1, most))
        #expect(scene.time.waits.reduce(.zero, +) <= .seconds(300))
        scene.wire.expectDone()
    }

    @Test func `F17 reads no manifest at the pull rate limit, but sends other requests`()
        async throws
    {
        var fields = Sample.manifest.fields
        fields.append("ratelimit-remaining", "10;w=21600")
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.base)", ScriptedResponse(200, fields)),
                Exchange("HEAD \(Self.base)", ScriptedResponse(200, fields)),
            ], ["reg.test": .with { $0.reservePulls = 10 }])
        let app = try scene.repository()
        for _ in 0..<2 {
            let descriptor = try #require(
                try await app.resolve(.tag(.init(parsing: "1.0"))))
            do {
                _ = try await app.fetch(manifest: descriptor)
                Issue.record("a reserved pull was used")
            } catch let error as RegistryError {
                #expect(error.failureClass == .quota)
                #expect("\(error)".contains("reservePulls is 10"))
            }
        }
        scene.wire.expectDone()
    }

    @Test func `F17 does not retry at the pull rate limit of Docker Hub`() async throws {
        let manifest = Sample.manifest
        let place = "GET https://registry-1.docker.io/v2/library/app/manifests/\(manifest.digest)"
        let message = "You have reached your unauthenticated pull rate limit."
        let scene = try Scene([
            Exchange(
                place,
                ScriptedResponse(
                    429, [:],
                    #"{"errors":[{"code":"TOOMANYREQUESTS","message":"\#(message)"}]}"#))
        ])
        let app = try scene.repository("docker.io/library/app")
        for _ in 0..<2 {
            do {
                _ = try await app.fetch(manifest: manifest.descriptor)
                Issue.record("there was no pull left")
            } catch let error as RegistryError {
                #expect(error.failureClass == .quota)
            }
        }
        #expect(scene.time.waits.isEmpty)
        scene.wire.expectDone()
    }

    @Test func `never has more requests in flight than the window permits`() async throws {
        let throttle = HostThrottle(
            concurrency: 3, policy: RetryPolicy(), time: VirtualTime().timekeeper)
        let inFlight = AsyncCondition((now: 0, most: 0))
        let gate = AsyncCondition(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await throttle.withPermit {
                        inFlight.change { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        try await gate.take { $0 ? true : nil }
                        inFlight.change { $0.now -= 1 }
                    }
                }
            }
            try await inFlight.take { $0.now == 3 ? true : nil }
            gate.change { $0 = true }
            try await group.waitForAll()
        }
        #expect(inFlight.state.most == 3)
    }

    @Test func `a request that is canceled while the host is closed returns its permit`()
        async throws
    {
        let isWaiting = AsyncCondition(false)
        let time = VirtualTime {
            isWaiting.change { $0 = true }
            try await isWaiting.take { $0 ? nil : true }
        }
        let throttle = HostThrottle(concurrency: 1, policy: RetryPolicy(), time: time.timekeeper)
        try await reject(by: throttle, retryAfter: 7)
        let canceled = Task { try await throttle.withPermit {} }
        try await isWaiting.take { $0 ? true : nil }
        canceled.cancel()
        await #expect(throws: CancellationError.self) { try await canceled.value }
        time.advance(.seconds(8))
        #expect(try await throttle.withPermit { true })
    }

    /// Sends a request that is throttled.
    private func reject(by throttle: HostThrottle, retryAfter seconds: Int?) async throws {
        let host = try RegistryHost(parsing: "reg.test")
        let origin = try Origin(scheme: .https, host: "reg.test")
        await #expect(throws: ErrorResponse.self) {
            try await throttle.withPermit {
                throw await ErrorResponse(
                    HTTPResponse(
                        status: 429, fields: seconds.map { ["Retry-After": "\($0)"] } ?? [:],
                        body: ChunkedBody(chunks: [])), from: .registry, at: origin, registry: host)
            }
        }
    }

    @Test func `F01 is closed before a waiting request can be sent`() async throws {
        let time = VirtualTime()
        let throttle = HostThrottle(
            concurrency: 1, policy: RetryPolicy(), time: time.timekeeper)
        try await reject(by: throttle, retryAfter: 7)
        #expect(throttle.timeUntilOpen == .seconds(7))
        try await throttle.withPermit { #expect(time.timekeeper.now() >= .seconds(7)) }
    }

    @Test func `is closed for longer while the host accepts no request`() async throws {
        let time = VirtualTime()
        let throttle = HostThrottle(
            concurrency: 1, policy: RetryPolicy(), time: time.timekeeper)
        var pauses: [Duration] = []
        for _ in 0..<3 {
            try await reject(by: throttle, retryAfter: nil)
            pauses.append(throttle.timeUntilOpen)
        }
        #expect(pauses == [.seconds(0.75), .seconds(1.5), .seconds(3)])
        try await throttle.withPermit {}
        try await reject(by: throttle, retryAfter: nil)
        #expect(throttle.timeUntilOpen == .seconds(0.75))
    }

    @Test func `is not closed after its retry budget, so that requests fail at once`() async throws
    {
        let time = VirtualTime()
        let throttle = HostThrottle(
            concurrency: 1, policy: RetryPolicy(), time: time.timekeeper)
        try await reject(by: throttle, retryAfter: nil)
        time.advance(.seconds(301))
        try await reject(by: throttle, retryAfter: nil)
        #expect(throttle.timeUntilOpen <= .zero)
        // A later request is another event.
        time.advance(.seconds(601))
        try await reject(by: throttle, retryAfter: nil)
        #expect(throttle.timeUntilOpen == .seconds(0.75))
    }

    @Test func `is not closed for requests that are not retried`() async throws {
        var policy = RetryPolicy()
        policy.maximumAttempts = 1
        let throttle = HostThrottle(
            concurrency: 1, policy: policy, time: VirtualTime().timekeeper)
        try await reject(by: throttle, retryAfter: 60)
        #expect(throttle.timeUntilOpen <= .zero)
    }

    @Test func `sends a request without a permit, whatever is in flight`() async throws {
        let throttle = HostThrottle(
            concurrency: 1, policy: RetryPolicy(), time: VirtualTime().timekeeper)
        let reached = try await throttle.withPermit {
            try await throttle.withoutPermit { true }
        }
        #expect(reached)
    }
}

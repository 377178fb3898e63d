// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Synchronization
import Testing
import TextSafety

@testable import Registry

@Suite struct HostThrottleTests {
    private static let base = "https://reg.test/v2/app/manifests/1.0"
    private static let limited = Answer(429, ["Retry-After": "7"])

    @Test func `F01 sends nothing to a host before the time that it named`() async throws {
        let scene = try Scene([
            Exchange("HEAD \(Self.base)", Self.limited),
            Exchange("HEAD \(Self.base)", Answer(200, Sample.manifest.fields)),
        ])
        let app = try scene.repository()
        _ = try await app.resolve(.tag(.init(parsing: "1.0")))
        #expect(scene.time.waits.reduce(.zero, +) >= .seconds(7))
        #expect(scene.time.waits.reduce(.zero, +) < .seconds(8))
        scene.wire.expectDone()
    }

    @Test(arguments: [
        Answer(429, [:], #"{"errors":[{"code":"TOOMANYREQUESTS"}]}"#),
        Answer(429, ["Content-Type": "text/plain"], "Too Many Requests (HAP429)"),
        Answer(429, ["Content-Type": "text/html"], "<html><title>slow down</title></html>"),
        Answer(403, [:], #"{"errors":[{"code":"TOOMANYREQUESTS","message":"later"}]}"#),
        Answer(400, [:], #"{"errors":[{"code":"TOOMANYREQUESTS","message":"later"}]}"#),
    ])
    func `F02 knows a limit by its status or by its code, also for a manifest's PUT`(
        answer: Answer
    ) async throws {
        let manifest = Sample.manifest
        let scene = try Scene([
            Exchange("PUT \(Self.base)", answer),
            Exchange(
                "PUT \(Self.base)", Answer(201, ["Docker-Content-Digest": "\(manifest.digest)"])),
        ])
        try await scene.repository().push(
            manifest: manifest.raw, as: .tag(.init(parsing: "1.0")))
        #expect(scene.time.waits.count == 1)
        scene.wire.expectDone()
    }

    @Test func `F02 waits for a token server as for any host`() async throws {
        let challenge = #"Bearer realm="https://reg.test/token",service="reg""#
        let scene = try Scene([
            Exchange("HEAD \(Self.base)", Answer(401, ["WWW-Authenticate": challenge])),
            Exchange(
                "GET https://reg.test/token?service=reg&scope=repository:app:pull",
                Self.limited),
            Exchange(
                "GET https://reg.test/token?service=reg&scope=repository:app:pull",
                Answer(200, [:], #"{"token":"t"}"#)),
            Exchange("HEAD \(Self.base)", Answer(200, Sample.manifest.fields)),
        ])
        _ = try await scene.repository().resolve(.tag(.init(parsing: "1.0")))
        #expect(scene.time.waits.reduce(.zero, +) >= .seconds(7))
        scene.wire.expectDone()
    }

    @Test(arguments: [0, 1, 5, 6, 11, 12, 13])
    func `F03 outlives an outage within the retry budget, and ends after a longer one`(
        count: Int
    ) async throws {
        let fine = Exchange("HEAD \(Self.base)", Answer(200, Sample.manifest.fields))
        let failing = [502, 503, 500].map { Exchange("HEAD \(Self.base)", Answer($0)) }
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

    @Test func `F17 reads no manifest of a registry whose pulls are used up, and asks on`()
        async throws
    {
        var fields = Sample.manifest.fields
        fields.append("ratelimit-remaining", "10;w=21600")
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.base)", Answer(200, fields)),
                Exchange("HEAD \(Self.base)", Answer(200, fields)),
            ], ["reg.test": .with { $0.reservePulls = 10 }])
        let app = try scene.repository()
        for _ in 0..<2 {
            let descriptor = try #require(
                try await app.resolve(.tag(.init(parsing: "1.0"))))
            do {
                _ = try await app.fetch(manifest: descriptor)
                Issue.record("a reserved pull was spent")
            } catch let error as RegistryError {
                #expect(error.failureClass == .quota)
                #expect("\(error)".contains("reservePulls keeps 10"))
            }
        }
        scene.wire.expectDone()
    }

    @Test func `F17 stops at Docker Hub's refusal without asking again`() async throws {
        let manifest = Sample.manifest
        let place = "GET https://registry-1.docker.io/v2/library/app/manifests/\(manifest.digest)"
        let refusal = "You have reached your unauthenticated pull rate limit."
        let scene = try Scene([
            Exchange(
                place,
                Answer(
                    429, [:],
                    #"{"errors":[{"code":"TOOMANYREQUESTS","message":"\#(refusal)"}]}"#))
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

    /// Counts what is under way at once.
    private final class Flight: Sendable {
        private let counts = Mutex((now: 0, most: 0))
        var most: Int { counts.withLock { $0.most } }
        func begin() {
            counts.withLock { counts in
                counts.now += 1
                counts.most = max(counts.most, counts.now)
            }
        }
        func end() { counts.withLock { $0.now -= 1 } }
    }

    @Test func `never has more requests in flight than the window allows`() async throws {
        let throttle = HostThrottle(concurrency: 3, time: VirtualTime().timekeeper)
        let flight = Flight()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await throttle.withPlace {
                        flight.begin()
                        await Task.yield()
                        flight.end()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect((1...3).contains(flight.most))
    }

    @Test func `lets a request through that holds no place, whatever is in flight`() async throws {
        let throttle = HostThrottle(concurrency: 1, time: VirtualTime().timekeeper)
        let reached = try await throttle.withPlace {
            try await throttle.withoutPlace { true }
        }
        #expect(reached)
    }
}

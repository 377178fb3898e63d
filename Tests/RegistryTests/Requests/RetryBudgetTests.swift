// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import AsyncPrimitives
import Testing

@testable import Registry

/// The cost of hosts that do not respond, on a clock that advances only when a task sleeps.
@Suite struct RetryBudgetTests {
    private static let base = "https://reg.test/v2/app/manifests/1.0"

    /// A transport that never responds.
    private struct SilentTransport: HTTPTransport {
        let time: VirtualTime
        let count = Counter()

        func send(_ request: HTTPRequest) async throws -> HTTPResponse {
            count.add()
            let limits = request.timeouts
            time.advance(min(limits.firstByte, limits.total ?? limits.firstByte))
            throw TransportError(.timeout, "no answer within \(limits.firstByte)")
        }
    }

    private final class Counter: Sendable {
        private let number = Mutex(0)
        var value: Int { number.withLock { $0 } }
        func add() { number.withLock { $0 += 1 } }
    }

    @Test(
        arguments: [
            (RetryMode.attended, nil, Duration.seconds(60)), (.unattended, nil, .seconds(300)),
            (.attended, .seconds(600), .seconds(600)), (.unattended, .seconds(5), .seconds(30)),
        ] as [(RetryMode, Duration?, Duration)])
    func `a host that never responds costs one budget, however many requests are sent to it`(
        retryMode: RetryMode, retryFor: Duration?, limit: Duration
    ) async throws {
        let time = VirtualTime()
        let silence = SilentTransport(time: time)
        let network = RegistryClientPool(
            transport: silence,
            options: .init(retryMode: retryMode, retryFor: retryFor, time: time.timekeeper),
            credentials: CredentialStore(environment: [:]))
        for name in ["a", "b", "c"] {
            let repository = try network.repository(
                Repository(parsing: "reg.test/\(name)"))
            let error = await #expect(throws: RegistryError.self) {
                _ = try await repository.resolve(.tag(Tag(parsing: "1.0")))
            }
            #expect(error?.failureClass == .unavailable)
            if name == "c" { #expect(error?.cause?.isUnreachable == true) }
        }
        #expect(time.timekeeper.now() <= limit)
        #expect(silence.count.value >= 1)
    }

    @Test func `three failed connections end every further request to the host at once`()
        async throws
    {
        let fine = Exchange("HEAD \(Self.base)", ScriptedResponse(200, Sample.manifest.fields))
        let rejected = Exchange("HEAD \(Self.base)", .failing(.connect))
        let scene = try Scene([fine, rejected, rejected, rejected])
        let app = try scene.repository()
        _ = try await app.resolve(.tag(Tag(parsing: "1.0")))
        await #expect(throws: RegistryError.self) {
            _ = try await app.resolve(.tag(Tag(parsing: "1.0")))
        }
        #expect(scene.time.waits == [.seconds(3.75), .seconds(15)])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository("reg.test/other").tags()
        }
        #expect(error?.reason == "3 connections failed (no response)")
        #expect(error?.cause?.isUnreachable == true)
        #expect(error?.hint?.hasPrefix("check the name reg.test, its port") == true)
        scene.wire.expectDone()
    }

    @Test func `a host that is given up because it does not resolve has a suggestion`()
        async throws
    {
        let failed = Exchange("HEAD https://ghrc.io/v2/app/manifests/1.0", .failing(.resolve))
        let scene = try Scene([failed, failed, failed])
        let error = await #expect(throws: RegistryError.self) {
            _ = try await scene.repository("ghrc.io/app").resolve(.tag(Tag(parsing: "1.0")))
        }
        #expect(error?.cause?.isUnreachable == true)
        #expect(error?.hint?.contains("did you mean ghcr.io?") == true)
    }

    @Test func `a host that was never reached is given up within seconds`() async throws {
        let rejected = Exchange("HEAD \(Self.base)", .failing(.connect))
        let scene = try Scene([rejected, rejected, rejected])
        let app = try scene.repository()
        await #expect(throws: RegistryError.self) {
            _ = try await app.resolve(.tag(Tag(parsing: "1.0")))
        }
        #expect(scene.time.waits == [.seconds(0.75), .seconds(1.5)])
        scene.wire.expectDone()
    }

    @Test func `a host that throttles for a minute costs that minute once`() async throws {
        let throttled = ScriptedResponse(429, ["Retry-After": "60"])
        let names = ["a", "b", "c"]
        func url(_ name: String) -> String { "HEAD https://reg.test/v2/\(name)/manifests/1.0" }
        let fine = names.map { Exchange(url($0), ScriptedResponse(200, Sample.manifest.fields)) }
        let scene = try Scene([Exchange(url("a"), throttled)] + fine)
        for name in names {
            let repository = try scene.repository("reg.test/\(name)")
            #expect(try await repository.resolve(.tag(Tag(parsing: "1.0"))) != nil)
        }
        #expect(scene.time.waits.count == 1)
        #expect(scene.time.waits.allSatisfy { $0 >= .seconds(60) && $0 < .seconds(61) })
        scene.wire.expectDone()
    }

    @Test func `an endpoint that throttles for a minute is not waited for`() async throws {
        let throttled = ScriptedResponse(429, ["Retry-After": "60"])
        let scene = try Scene([Exchange("HEAD \(Self.base)", throttled)])
        let app = try scene.network.repository(
            Repository(parsing: "reg.test/app"), isEndpoint: true)
        let error = await #expect(throws: RegistryError.self) {
            _ = try await app.resolve(.tag(Tag(parsing: "1.0")))
        }
        #expect(error?.failureClass == .throttled)
        #expect(scene.time.waits.isEmpty)
        scene.wire.expectDone()
    }

    @Test func `requests survive a restart of a registry, even if many fail at the same time`()
        async throws
    {
        let tags = (1...6).map { "1.\($0)" }
        func url(_ tag: String) -> String { "HEAD https://reg.test/v2/app/manifests/\(tag)" }
        let meeting = Barrier(tags.count)
        // All other requests wait for the first one to a registry.
        let first = Exchange(url("1.0"), ScriptedResponse(200, Sample.manifest.fields))
        let rejected = tags.map {
            Exchange(url($0), .failing(.connect).after { try await meeting.arrive() })
        }
        let fine = tags.map { Exchange(url($0), ScriptedResponse(200, Sample.manifest.fields)) }
        let scene = try Scene([first] + rejected + fine)
        let app = try scene.repository()
        _ = try await app.resolve(.tag(Tag(parsing: "1.0")))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for tag in tags {
                group.addTask {
                    let found = try await app.resolve(.tag(Tag(parsing: tag)))
                    #expect(found != nil)
                }
            }
            try await group.waitForAll()
        }
        scene.wire.expectDone()
    }

    @Test func `metadata has a total time limit, commits have a longer one, and blobs none`()
        async throws
    {
        let manifest = Sample.manifest
        let blob = Sample.blob
        let scene = try Scene([
            Exchange("HEAD \(Self.base)", ScriptedResponse(200, manifest.fields)),
            Exchange(
                "PUT \(Self.base)",
                ScriptedResponse(201, ["Docker-Content-Digest": "\(manifest.digest)"])),
            Exchange(
                "GET https://reg.test/v2/app/blobs/\(blob.digest)",
                ScriptedResponse(200, [:], bytes: [blob.bytes])),
        ])
        let app = try scene.repository()
        _ = try await app.resolve(.tag(Tag(parsing: "1.0")))
        try await app.push(manifest: manifest.raw, as: .tag(Tag(parsing: "1.0")))
        _ = try await collect(app.fetch(blob: blob.descriptor))
        let limits = scene.wire.requests.map(\.timeouts)
        #expect(limits.map(\.total) == [.seconds(60), .seconds(360), nil])
        #expect(limits.map(\.firstByte) == [.seconds(30), .seconds(300), .seconds(30)])
        scene.wire.expectDone()
    }

    @Test func `a request to an endpoint of a registry is sent once`() async throws {
        let scene = try Scene([Exchange("HEAD \(Self.base)", ScriptedResponse(503))])
        let app = try scene.network.repository(
            Repository(parsing: "reg.test/app"), isEndpoint: true)
        await #expect(throws: RegistryError.self) {
            _ = try await app.resolve(.tag(Tag(parsing: "1.0")))
        }
        #expect(scene.time.waits.isEmpty)
        scene.wire.expectDone()
    }
}

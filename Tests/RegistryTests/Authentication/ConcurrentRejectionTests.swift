// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import RegistryTestSupport
import Testing
import AsyncPrimitives

@testable import Registry

/// Requests that are rejected at the same time.
@Suite struct `Concurrent rejections` {
    typealias Keyring = `Renewal`.Keyring

    private static let manifest = "https://reg.test/v2/app/manifests/1"
    private static let found = ScriptedResponse(200, Sample.manifest.fields)
    private static let basic = ScriptedResponse(401, ["WWW-Authenticate": "Basic realm=x"])
    /// The number of requests, as many as a host gets at the start.
    private static let count = ConcurrencyController.initialLimit

    /// Resolves the tag many times at once; every request has to succeed.
    private func resolveManyTimes(_ repository: RemoteRepository) async throws {
        try await withThrowingTaskGroup(of: Descriptor?.self) { group in
            for _ in 0..<Self.count {
                group.addTask { try await repository.resolve(`Rejected credentials`.tag()) }
            }
            for try await found in group { #expect(found == Sample.manifest.descriptor) }
        }
    }

    @Test func `all get the new password, after one run of the helper`() async throws {
        let keyring = Keyring()
        let together = Barrier(Self.count)
        func head(_ response: ScriptedResponse) -> Exchange {
            Exchange("HEAD \(Self.manifest)", response)
        }
        let scene = try keyring.scene(
            [head(Self.basic), head(Self.found)]
                + [Exchange](
                    repeating: head(Self.basic.after { try await together.arrive() }),
                    count: Self.count)
                + [Exchange](repeating: head(Self.found), count: Self.count),
            concurrency: Self.count)
        let repository = try scene.repository()
        _ = try await repository.resolve(`Rejected credentials`.tag())
        keyring.password.withLock { $0 = "new" }
        try await resolveManyTimes(repository)
        #expect(keyring.asked.state == 2)
        let new = Keyring.shown("new")
        #expect(scene.wire.authorizations.count { $0 == new } == Self.count)
        #expect(!scene.events.all.contains { $0.isAboutRejection })
        scene.wire.expectDone()
    }

    @Test func `a lookup that found the old password reads again after its invalidation`()
        async throws
    {
        let keyring = Keyring()
        let store = keyring.store()
        let repository = try Repository(parsing: "reg.test/app")
        let old = try #require(try await store.credential(for: repository)).credential
        keyring.password.withLock { $0 = "new" }
        let renewed = try await withThrowingTaskGroup(of: FoundCredential?.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await store.credential(for: repository, replacing: old, at: .zero)
                }
            }
            return try await group.reduce(into: []) { $0.append($1?.credential) }
        }
        #expect(Set(renewed) == [.user("me", "new")])
        #expect(keyring.asked.state == 2)
    }

    @Test func `a failed helper is run again by the next request`() async throws {
        let keyring = Keyring()
        let store = keyring.store()
        let repository = try Repository(parsing: "reg.test/app")
        let old = try #require(try await store.credential(for: repository)).credential
        keyring.fails.withLock { $0 = true }
        await #expect(throws: ContentError.self) {
            try await store.credential(for: repository, replacing: old, at: .zero)
        }
        keyring.fails.withLock { $0 = false }
        keyring.password.withLock { $0 = "new" }
        let renewed = try await store.credential(for: repository, replacing: old, at: .zero)
        #expect(renewed?.credential == .user("me", "new"))
    }

    @Test func `a canceled renewal is repeated by the next request`() async throws {
        let keyring = Keyring()
        let store = keyring.store()
        let repository = try Repository(parsing: "reg.test/app")
        let old = try #require(try await store.credential(for: repository)).credential
        let gate = AsyncCondition(false)
        keyring.hold.withLock { $0 = { _ = try await gate.take { $0 ? true : nil } } }
        let cancelled = Task {
            try await store.credential(for: repository, replacing: old, at: .zero)
        }
        try await keyring.asked.take { $0 >= 2 ? true : nil }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        keyring.hold.withLock { $0 = {} }
        keyring.password.withLock { $0 = "new" }
        let renewed = try await store.credential(for: repository, replacing: old, at: .zero)
        #expect(renewed?.credential == .user("me", "new"))
    }

    @Test func `a result of a helper that started before the rejection is not used`()
        async throws
    {
        let keyring = Keyring()
        let store = keyring.store()
        let repository = try Repository(parsing: "reg.test/app")
        let gate = AsyncCondition(false)
        keyring.hold.withLock { $0 = { _ = try await gate.take { $0 ? true : nil } } }
        let early = Task { try await store.credential(for: repository) }
        try await keyring.asked.take { $0 >= 1 ? true : nil }
        keyring.hold.withLock { $0 = {} }
        // Another repository of the registry is rejected while the first run of the helper goes on.
        let rejected = Credential.user("me", "old")
        let renewal = Task {
            try await store.credential(for: repository, replacing: rejected, at: .zero)
        }
        keyring.password.withLock { $0 = "new" }
        gate.change { $0 = true }
        #expect(try await renewal.value?.credential == .user("me", "new"))
        #expect(try await early.value?.credential == rejected)
    }

    // The first request is public, so no challenge is known when the others are rejected.
    @Test func `all await one version check if there is no challenge`() async throws {
        let together = Barrier(Self.count)
        let scene = try Scene(
            [Exchange("HEAD \(Self.manifest)", Self.found)]
                + [Exchange](
                    repeating: Exchange(
                        "HEAD \(Self.manifest)",
                        ScriptedResponse(403).after { try await together.arrive() }),
                    count: Self.count)
                + [
                    Exchange("GET https://reg.test/v2/", Self.basic)
                ]
                + [Exchange](
                    repeating: Exchange("HEAD \(Self.manifest)", Self.found), count: Self.count),
            ["reg.test": .with { $0.concurrency = Self.count }],
            credentials: `Rejected credentials`.user)
        let repository = try scene.repository()
        _ = try await repository.resolve(`Rejected credentials`.tag())
        try await resolveManyTimes(repository)
        #expect(scene.wire.lines.count { $0 == "GET https://reg.test/v2/" } == 1)
        scene.wire.expectDone()
    }

    @Test func `a failed version check is repeated after the next rejection`() async throws {
        let rejected = Exchange("HEAD \(Self.manifest)", ScriptedResponse(403))
        let scene = try Scene(
            [
                rejected, Exchange("GET https://reg.test/v2/", .failing(.tls)),
                Exchange("GET \(Self.manifest)", ScriptedResponse(403)),
                Exchange("GET https://reg.test/v2/", .failing(.tls)), rejected,
                Exchange("GET https://reg.test/v2/", Self.basic),
                Exchange("HEAD \(Self.manifest)", Self.found),
            ], credentials: `Rejected credentials`.user)
        let repository = try scene.repository()
        await #expect(throws: RegistryError.self) {
            try await repository.resolve(`Rejected credentials`.tag())
        }
        #expect(try await repository.resolve(`Rejected credentials`.tag()) != nil)
        scene.wire.expectDone()
    }

    @Test func `a scope that the token server denies is not requested again`()
        async throws
    {
        let challenge = `Rejected credentials`.challenge()
        let wider =
            "https://reg.test/token?service=reg.test&scope=repository:app:metadata_read%2Cpull"
        let wanting = `Rejected credentials`.challenge(#",scope="repository:app:metadata_read""#)
        let tags = "https://reg.test/v2/app/tags/list"
        let scene = try Scene(
            [
                Exchange("HEAD \(Self.manifest)", ScriptedResponse(401, challenge)),
                `Rejected credentials`.issuing("t1"), Exchange("HEAD \(Self.manifest)", Self.found),
                Exchange("GET \(tags)", ScriptedResponse(401, wanting)),
                Exchange("GET \(wider)", ScriptedResponse(403)),
                Exchange("HEAD \(Self.manifest)", Self.found),
            ], ["reg.test": .with { $0.requiresAuth = true }],
            credentials: `Rejected credentials`.user)
        let repository = try scene.repository()
        _ = try await repository.resolve(`Rejected credentials`.tag())
        await #expect(throws: RegistryError.self) { _ = try await repository.tags() }
        #expect(try await repository.resolve(`Rejected credentials`.tag()) != nil)
        #expect(scene.wire.authorizations.last == "Bearer t1")
        scene.wire.expectDone()
    }

    @Test func `all get the new password over real connections`() async throws {
        let keyring = Keyring()
        keyring.password.withLock { $0 = "expired" }
        let registry = LoopbackRegistry(
            authentication: .basic(user: "me", password: "new"))
        let image = ImageBuilder().multiPlatform()
        registry.publish(image, repository: "app", tag: "1")
        let scene = try RealScene(registry.host, credentials: keyring.store(), concurrency: 12)
        let repository = try scene.network.repository(registry.repository("app"))
        // The first request, for which the others wait, is rejected too.
        await #expect(throws: RegistryError.self) {
            try await repository.resolve(`Rejected credentials`.tag())
        }
        keyring.password.withLock { $0 = "new" }
        scene.time.advance(.seconds(61))
        try await withThrowingTaskGroup(of: Descriptor?.self) { group in
            for _ in 0..<Self.count {
                group.addTask { try await repository.resolve(`Rejected credentials`.tag()) }
            }
            for try await found in group { #expect(found?.digest == image.digest) }
        }
        #expect(keyring.asked.state == 3)
    }
}

extension RegistryEvent {
    /// A Boolean value that indicates whether the event reports a rejected credential.
    var isAboutRejection: Bool {
        switch self {
        case .credentialRejected, .anonymousFallback: true
        default: false
        }
    }
}

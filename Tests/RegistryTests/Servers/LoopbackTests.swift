// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Against the loopback registry` {
    static let image = ImageBuilder(.oci, spelling: .odd).multiPlatform()

    @Test(arguments: [UploadDialect.put, .patch])
    func `an image is copied byte for byte, with the minimum number of requests`(
        dialect: UploadDialect
    ) async throws {
        let registry = LoopbackRegistry()
        let scene = try RealScene(registry.host, dialect: dialect)
        let repository = try scene.network.repository(registry.repository("mirror/app"))
        try await repository.push(Self.image, as: "1")
        let blobs = Self.image.blobs.count
        #expect(registry.requests.count(of: .uploadStart) == blobs)
        #expect(registry.requests.count(of: .uploadCommit) == blobs)
        #expect(registry.requests.count(of: .uploadChunk) == (dialect == .patch ? blobs : 0))
        #expect(registry.requests.count(of: .manifestPut) == Self.image.manifests.count)
        #expect(registry.requests.count(of: .manifestHead, .manifestGet, .blobHead, .ping) == 0)
        #expect(try await repository.holds(Self.image, as: "1"))
        #expect(registry.violations.isEmpty && registry.openUploads == 0)
    }

    @Test func `a token is fetched once for each scope`() async throws {
        let issuer = TokenIssuer(users: ["me": "pw"], policy: TokenIssuer.usersOnly)
        let registry = LoopbackRegistry(authentication: .bearer(issuer))
        let scene = try RealScene(registry.host, credential: .user("me", "pw"))
        let repository = try scene.network.repository(registry.repository("app"))
        try await repository.push(Self.image, as: "1")
        #expect(try await repository.holds(Self.image, as: "1"))
        #expect(issuer.issued == 2)
        // One request received the challenge; each later one was authorized at once.
        #expect(registry.requests.count { $0.status == 401 } == 1)
    }

    @Test func `concurrent first requests cost one 401`() async throws {
        let registry = LoopbackRegistry(authentication: .basic(user: "me", password: "pw"))
        registry.publish(Self.image, repository: "app", tag: "1")
        let scene = try RealScene(registry.host, credential: .user("me", "pw"))
        let repository = try scene.network.repository(registry.repository("app"))
        let tag = try Tag(parsing: "1")
        try await withThrowingTaskGroup(of: Descriptor?.self) { group in
            for _ in 0..<12 { group.addTask { try await repository.resolve(.tag(tag)) } }
            for try await found in group { #expect(found?.digest == Self.image.digest) }
        }
        #expect(registry.requests.count { $0.status == 401 } == 1)
        #expect(registry.requests.count(of: .manifestHead) == 13)
    }

    @Test func `G09 tokens that expire early are replaced`() async throws {
        let issuer = TokenIssuer(
            users: ["me": "pw"], lifetime: .uses(2), policy: TokenIssuer.usersOnly)
        let registry = LoopbackRegistry(authentication: .bearer(issuer))
        let scene = try RealScene(registry.host, credential: .user("me", "pw"))
        let repository = try scene.network.repository(registry.repository("app"))
        try await repository.push(Self.image, as: "1")
        #expect(try await repository.holds(Self.image, as: "1"))
    }

    @Test func `a public image is read with a wrong password`() async throws {
        let issuer = TokenIssuer(users: ["me": "pw"])
        let registry = LoopbackRegistry(authentication: .bearer(issuer))
        registry.publish(Self.image, repository: "app", tag: "1")
        let scene = try RealScene(registry.host, credential: .user("me", "wrong"))
        let repository = try scene.network.repository(registry.repository("app"))
        #expect(try await repository.holds(Self.image, as: "1"))
        #expect(
            scene.events.all.contains(
                .anonymousFallback(repository: repository.repository, source: "mirror.yaml")))
        let error = await #expect(throws: RegistryError.self) {
            try await repository.push(Self.image, as: "2")
        }
        #expect(error?.failureClass == .denied)
    }

    @Test func `G01 blobs are mounted, or sent if the mount is rejected`() async throws {
        for mounts in [true, false] {
            var traits = RegistryTraits()
            traits.mountsBlobs = mounts
            let registry = LoopbackRegistry(traits)
            registry.publish(Self.image, repository: "base", tag: "1")
            let scene = try RealScene(registry.host)
            let repository = try scene.network.repository(registry.repository("app"))
            let arrivals = try await repository.push(
                Self.image, as: "1", mountingFrom: registry.repository("base"))
            #expect(Set(arrivals) == [mounts ? .mounted : .uploaded])
            // A rejected mount has started an upload, and is not retried.
            let blobs = arrivals.count
            #expect(registry.requests.count(of: .mount) == (mounts ? blobs : 1))
            #expect(registry.requests.count(of: .uploadStart) == (mounts ? 0 : blobs - 1))
            #expect(try await repository.holds(Self.image, as: "1"))
        }
    }

    // Cuts at the start, in the middle and before the end.
    @Test(arguments: [0, 1, 100_000, 199_999])
    func `F04 a blob is resumed where its body was cut`(cut: Int) async throws {
        let registry = LoopbackRegistry()
        let layer = Layer.random(size: 200_000, seed: 7)
        let image = ImageBuilder().image(layers: [layer])
        registry.publish(image, repository: "app", tag: "1")
        registry.inject(.on(.get, "/blobs/\(layer.digest)", hits: 1...1, .cutBody(at: cut)))
        let scene = try RealScene(registry.host)
        let repository = try scene.network.repository(registry.repository("app"))
        #expect(try await repository.holds(image, as: "1"))
        let gets = registry.requests.of(.blobGet).filter { $0.path.hasSuffix(layer.digest.hex) }
        #expect(gets.count == 2)
        #expect(gets.reduce(0) { $0 + $1.sentBytes } >= 200_000)
    }

    // B01.
    @Test func `a flipped bit is an integrity error`() async throws {
        let registry = LoopbackRegistry()
        registry.publish(Self.image, repository: "app", tag: "1")
        registry.inject(.on(.get, "/blobs/*", .flipByte(at: 0)))
        let scene = try RealScene(registry.host)
        let repository = try scene.network.repository(registry.repository("app"))
        let error = await #expect(throws: RegistryError.self) {
            _ = try await repository.holds(Self.image, as: "1")
        }
        #expect(error?.failureClass == .integrity)
    }

    // Each fault once, at each kind of request that it affects.
    @Test(arguments: [
        FaultRule.on(nil, "*", hits: 1...3, .answer(503)),
        .on(.post, "/blobs/uploads/", hits: 2...2, .drop),
        .on(.put, "/blobs/uploads/*", hits: 1...2, .dropAnswer),
        .on(.put, "/blobs/uploads/*", hits: 1...1, .dropUpload(after: 1)),
        .on(.put, "/blobs/uploads/*", hits: 1...1, .forgetUpload),
        .on(.put, "/manifests/*", hits: 1...2, .answer(500)),
        .on(.put, "/manifests/1", hits: 1...1, .dropAnswer),
        .on(nil, "*", every: 3, .answer(429, ["Retry-After": "1"])),
    ])
    func `F03 G04 G05 a push survives temporary failures`(fault: FaultRule) async throws {
        let registry = LoopbackRegistry()
        let injected = registry.inject(fault)
        let scene = try RealScene(registry.host)
        let repository = try scene.network.repository(registry.repository("app"))
        try await repository.push(Self.image, as: "1")
        #expect(injected.fired > 0)
        registry.heal()
        #expect(try await repository.holds(Self.image, as: "1"))
        #expect(registry.violations.isEmpty)
    }

    @Test func `a digest that the registry does not state is computed from the bytes`() async throws
    {
        var traits = RegistryTraits()
        traits.statesDigests = false
        let registry = LoopbackRegistry(traits)
        let scene = try RealScene(registry.host)
        let repository = try scene.network.repository(registry.repository("app"))
        try await repository.push(Self.image, as: "1")
        #expect(try await repository.holds(Self.image, as: "1"))
    }

    @Test func `all pages of the tags are listed`() async throws {
        var traits = RegistryTraits()
        traits.tagsPerPage = 2
        let registry = LoopbackRegistry(traits)
        let names = ["1", "2", "3", "4", "5"]
        for name in names { registry.publish(Self.image, repository: "app", tag: name) }
        let scene = try RealScene(registry.host)
        let tags = try await scene.network.repository(registry.repository("app")).tags()
        #expect(tags.map(\.name) == names)
        #expect(registry.requests.count(of: .tagListing) == 3)
    }

    @Test func `no more requests are in flight than the settings permit`() async throws {
        let registry = LoopbackRegistry()
        registry.publish(Self.image, repository: "app", tag: "1")
        let scene = try RealScene(registry.host, concurrency: 2)
        let repository = try scene.network.repository(registry.repository("app"))
        try await withThrowingTaskGroup { group in
            for _ in 0..<20 {
                group.addTask { try await repository.resolve(.tag(Tag(parsing: "1"))) }
            }
            for try await descriptor in group {
                #expect(descriptor == Self.image.root.descriptor)
            }
        }
        #expect(registry.requests.count == 20)
        #expect(registry.maximumParallel <= 2)
    }

    // H06: a reader that stops cancels the request.
    @Test func `a canceled task ends its request`() async throws {
        let gate = Gate()
        let registry = LoopbackRegistry()
        registry.publish(Self.image, repository: "app", tag: "1")
        registry.inject(.on(.head, "/manifests/1", hits: 1...1, .stall(gate)))
        let scene = try RealScene(registry.host, concurrency: 1)
        let repository = try scene.network.repository(registry.repository("app"))
        let held = Task { try await repository.resolve(.tag(Tag(parsing: "1"))) }
        await registry.waitForRequests(RequestPattern(.head))
        let queued = Task { try await repository.resolve(.tag(Tag(parsing: "1"))) }
        queued.cancel()
        await #expect(throws: CancellationError.self) { try await queued.value }
        held.cancel()
        await #expect(throws: CancellationError.self) { try await held.value }
        // Its permit is free again.
        #expect(try await repository.resolve(.tag(Tag(parsing: "1"))) == Self.image.root.descriptor)
        gate.open()
    }
}

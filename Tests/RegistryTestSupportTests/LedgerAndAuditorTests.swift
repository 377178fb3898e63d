// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The ledger` {
    @Test func `classifies requests by their purpose`() async throws {
        let registry = LoopbackRegistry()
        var conformance = Conformance(try PlainClient(host: registry.host))
        _ = try await conformance.run()
        let tally = registry.requests.tally
        #expect(tally[.ping] == 1)
        #expect(tally[.manifestHead] == 3)
        #expect(tally[.mount] == 2)
        #expect(tally[.uploadChunk] == 2)
        #expect(tally[.uploadCancel] == 1)
        #expect(tally[.tagListing] == 2)
        #expect(tally[.blobDelete] == 1)
        #expect(registry.requests.count(of: .manifestDelete, .blobDelete) == 3)
        #expect(registry.requests.map(\.order) == Array(registry.requests.indices))
        #expect(registry.maximumParallel == 1)
    }

    @Test func `records targets, headers and byte counts unchanged`() async throws {
        let registry = LoopbackRegistry()
        let client = try PlainClient(host: registry.host)
        _ = try await client.send(
            .put, "/v2/app/manifests/a%2Fb?x=1%202&x=3", [("Authorization", "Basic abc")],
            body: [1, 2, 3])
        let request = try #require(registry.requests.first)
        #expect(request.target == "/v2/app/manifests/a%2Fb?x=1%202&x=3")
        #expect(request.parameters("x") == ["1 2", "3"])
        #expect(request.receivedBytes == 3)
        #expect(request.isAuthorized)
        #expect(request.status == 400)
        registry.forgetRequests()
        #expect(registry.requests.isEmpty)
        _ = try await client.send(.get, "/v2/")
        #expect(registry.requests.map(\.kind) == [.ping])
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The auditor` {
    let image = ImageBuilder().multiPlatform()

    /// Pushes the manifests of an image without some of their content.
    func pushManifests(of image: BuiltImage, to registry: LoopbackRegistry) async throws -> [Int] {
        let client = try PlainClient(host: registry.host)
        var statuses: [Int] = []
        for manifest in image.manifests {
            let isRoot = manifest == image.root
            let reference = isRoot ? "1.0" : manifest.descriptor.digest.description
            let response = try await client.send(
                .put, "/v2/app/manifests/\(reference)",
                [("Content-Type", manifest.descriptor.mediaType.name)], body: manifest.bytes)
            statuses.append(response.status)
        }
        return statuses
    }

    @Test func `finds no violation in a complete image`() async throws {
        let registry = LoopbackRegistry()
        registry.publish(image, repository: "app")
        #expect(try await pushManifests(of: image, to: registry) == [201, 201, 201])
        #expect(registry.violations.isEmpty)
    }

    @Test func `finds a missing blob and a missing child`() async throws {
        var traits = RegistryTraits()
        traits.checksReferences = false
        let child = image.manifests[1]
        for missing in [try #require(image.blobs.keys.first), child.descriptor.digest] {
            let registry = LoopbackRegistry(traits)
            let broken = image.without(missing)
            registry.publish(broken, repository: "app")
            #expect(Set(try await pushManifests(of: broken, to: registry)) == [201])
            #expect(
                registry.violations.contains {
                    $0.repository == "app" && $0.reason.contains("\(missing.short) is not there")
                })
        }
    }

    @Test func `finds a tag that points to a missing manifest`() async throws {
        let registry = LoopbackRegistry()
        registry.publish(image, repository: "app")
        registry.inject(.on(.put, "/manifests/1.0", .loseManifest))
        #expect(try await pushManifests(of: image, to: registry) == [201, 201, 201])
        #expect(registry.violations.map(\.reason).contains { $0.hasPrefix("tag 1.0 points to") })
    }

    @Test func `finds a child whose size differs from its descriptor`() async throws {
        let registry = LoopbackRegistry()
        let builder = ImageBuilder()
        let child = builder.image(layers: [.raw([1])])
        let lying = builder.index([.image(child, statedSize: 7)])
        registry.publish(child, repository: "app")
        #expect(try await pushManifests(of: lying, to: registry) == [201, 201])
        #expect(registry.violations.contains { $0.reason.hasSuffix("bytes, not 7") })
    }
}

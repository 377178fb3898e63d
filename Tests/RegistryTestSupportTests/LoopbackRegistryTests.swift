// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A loopback registry` {
    let registry = LoopbackRegistry()
    let image = ImageBuilder().multiPlatform()

    func client() throws -> PlainClient { try PlainClient(host: registry.host) }

    @Test func `serves a published image by tag and by digest, byte for byte`() async throws {
        registry.publish(image, repository: "library/app", tag: "1.0")
        for reference in ["1.0", image.digest.description] {
            let response = try await client().send(.get, "/v2/library/app/manifests/\(reference)")
            #expect(response.status == 200)
            #expect(response.body == image.root.bytes)
            #expect(response.headers["Content-Type"] == MediaType.ociIndex.name)
            #expect(response.headers["Docker-Content-Digest"] == image.digest.description)
        }
        for (digest, bytes) in image.blobs {
            let response = try await client().send(.get, "/v2/library/app/blobs/\(digest)")
            #expect(response.status == 200)
            #expect(response.body == bytes)
        }
    }

    @Test func `responds to a HEAD with the length and no body`() async throws {
        registry.publish(image, repository: "app", tag: "1.0")
        let response = try await client().send(.head, "/v2/app/manifests/1.0")
        #expect(response.status == 200)
        #expect(response.headers["Content-Length"] == String(image.root.bytes.count))
        #expect(response.body.isEmpty)
        #expect(registry.requests.map(\.sentBytes) == [0])
    }

    @Test func `serves ranges of a blob`() async throws {
        let blob = try #require(image.blobs.first)
        registry.publish(image, repository: "app")
        let path = "/v2/app/blobs/\(blob.key)"
        let response = try await client().send(.get, path, [("Range", "bytes=10-19")])
        #expect(response.status == 206)
        #expect(response.body == Array(blob.value[10...19]))
        #expect(response.headers["Content-Range"] == "bytes 10-19/\(blob.value.count)")
        let outside = try await client().send(.get, path, [("Range", "bytes=999999-")])
        #expect(outside.status == 416)
    }

    @Test func `lists tags in pages with links`() async throws {
        for tag in ["b", "a", "c"] { registry.publish(image, repository: "app", tag: tag) }
        var pages: [String] = []
        var next: String? = "/v2/app/tags/list?n=2"
        while let target = next {
            let response = try await client().send(.get, target)
            pages.append(response.text)
            next = (response.headers["Link"]?.dropFirst().prefix { $0 != ">" }).map(String.init)
        }
        #expect(
            pages == [#"{"name":"app","tags":["a","b"]}"#, #"{"name":"app","tags":["c"]}"#])
    }

    @Test func `lists the referrers of a manifest`() async throws {
        let signature = ImageBuilder().image(
            layers: [.raw([1, 2, 3])], annotations: ["kind": "signature"],
            subject: image.root.descriptor)
        registry.publish(image, repository: "app", tag: "1.0")
        registry.publish(signature, repository: "app")
        let response = try await client().send(.get, "/v2/app/referrers/\(image.digest)")
        #expect(response.status == 200)
        #expect(response.text.contains(signature.digest.description))
        #expect(response.text.contains(#""annotations":{"kind":"signature"}"#))
    }

    @Test func `serves gigabytes that are not in memory`() async throws {
        let bytes = GeneratedBytes(count: 3_000_000, seed: 7)
        let big = ImageBuilder().image(layers: [Layer(generated: bytes)])
        registry.publish(big, repository: "big", tag: "1.0")
        let response = try await client().send(.get, "/v2/big/blobs/\(bytes.digest())")
        #expect(Digest.of(response.body) == bytes.digest())
        #expect(registry.requests.last?.sentBytes == 3_000_000)
    }

    @Test func `uses a separate port until it is stopped`() async throws {
        let other = LoopbackRegistry()
        #expect(other.host != registry.host)
        let client = try PlainClient(host: other.host)
        #expect(try await client.send(.get, "/v2/").status == 200)
        other.stop()
        await #expect(throws: PlainClient.ConnectionLost.self) {
            try await client.send(.get, "/v2/")
        }
    }
}

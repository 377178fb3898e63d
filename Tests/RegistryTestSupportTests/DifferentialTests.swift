// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

@Suite struct `The loopback registry and docker-registry` {
    @Test func `respond equally to the conformance sequence`() async throws {
        let loopback = LoopbackRegistry()
        let docker = try await DockerRegistry.start()
        var ours = Conformance(try PlainClient(host: loopback.host))
        var theirs = Conformance(try PlainClient(host: docker.host))
        let (mine, reference) = (try await ours.run(), try await theirs.run())
        #expect(mine.count == reference.count)
        for (mine, reference) in zip(mine, reference) { #expect(mine == reference) }
        // Two servers that reject every request would also be equal.
        let successes = reference.filter { $0.status < 300 }.map(\.step)
        #expect(Set(["PUT", "PATCH", "end", "mount", "index", "tags"]).isSubset(of: successes))
        #expect(loopback.violations.isEmpty)
    }

    @Test func `send equal challenges for basic authentication`() async throws {
        let loopback = LoopbackRegistry(authentication: .basic(user: "ci", password: "secret"))
        let docker = try await DockerRegistry.start(users: ["ci": "secret"])
        for (user, expected) in [("ci", 200), ("eve", 401)] {
            let header = ("Authorization", Authentication.basic(user, "secret"))
            for host in [loopback.host, docker.host] {
                let client = try PlainClient(host: host)
                #expect(try await client.send(.get, "/v2/", [header]).status == expected)
                let anonymous = try await client.send(.get, "/v2/")
                #expect(anonymous.status == 401)
                #expect(anonymous.code == "UNAUTHORIZED")
                #expect(anonymous.headers["WWW-Authenticate"]?.hasPrefix("Basic realm=") == true)
            }
        }
    }

    /// A request to which docker-registry 2.8 responds differently from the specification.
    struct Difference: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let method: RequestMethod
        let path: String
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        let loopback: Int
        let docker: Int
    }

    static let chunk: [UInt8] = [1, 2, 3]

    static let differences = [
        Difference(
            testDescription: "an upload in one POST", method: .post,
            path: "blobs/uploads/?digest=\(Digest.of(chunk))", body: chunk, loopback: 201,
            docker: 202),
        Difference(
            testDescription: "the referrers of a manifest", method: .get,
            path: "referrers/\(Digest.of(chunk))", loopback: 200, docker: 404),
        Difference(
            testDescription: "deleting a tag", method: .delete, path: "manifests/1.0",
            loopback: 202, docker: 400),
    ]

    @Test func `respond equally to referrers with the traits of distribution`() async throws {
        let loopback = LoopbackRegistry(.distribution)
        let docker = try await DockerRegistry.start()
        let image = ImageBuilder().multiPlatform()
        let signature = ImageBuilder().artifact(
            "application/test", "signature", about: image.root.descriptor)
        for host in [loopback.host, docker.host] {
            let client = try PlainClient(host: host)
            for (digest, bytes) in signature.blobs {
                let begun = try await client.send(.post, "/v2/app/blobs/uploads/")
                let location = begun.headers["Location"] ?? ""
                let separator = location.contains("?") ? "&" : "?"
                let stored = try await client.send(
                    .put, "\(location)\(separator)digest=\(digest)",
                    [("Content-Type", "application/octet-stream")], body: bytes)
                #expect(stored.status == 201)
            }
            let pushed = try await client.send(
                .put, "/v2/app/manifests/\(signature.digest)",
                [("Content-Type", MediaType.ociManifest.name)], body: signature.root.bytes)
            #expect(pushed.status == 201)
            #expect(pushed.headers["OCI-Subject"] == nil)
            let listed = try await client.send(.get, "/v2/app/referrers/\(image.digest)")
            #expect(listed.status == 404)
        }
    }

    @Test(arguments: differences)
    func `differ where docker-registry violates the specification`(
        _ difference: Difference
    ) async throws {
        let loopback = LoopbackRegistry()
        let docker = try await DockerRegistry.start()
        for (host, expected) in [
            (loopback.host, difference.loopback), (docker.host, difference.docker),
        ] {
            let client = try PlainClient(host: host)
            var conformance = Conformance(client)
            try await conformance.publish()
            let response = try await client.send(
                difference.method, "/v2/library/app/\(difference.path)", difference.headers,
                body: difference.body)
            #expect(response.status == expected, "\(host)")
        }
    }

    @Test func `differ on a chunk out of order, which docker-registry accepts`() async throws {
        let loopback = LoopbackRegistry()
        let docker = try await DockerRegistry.start()
        for (host, expected) in [(loopback.host, 416), (docker.host, 202)] {
            let client = try PlainClient(host: host)
            let begun = try await client.send(.post, "/v2/library/app/blobs/uploads/")
            let response = try await client.send(
                .patch, begun.headers["Location"] ?? "", [("Content-Range", "7-9")],
                body: Self.chunk)
            #expect(response.status == expected)
        }
    }

    @Test func `differ on pagination of tags, which docker-registry lacks`() async throws {
        let loopback = LoopbackRegistry()
        let docker = try await DockerRegistry.start()
        for (host, isPaged) in [(loopback.host, true), (docker.host, false)] {
            let client = try PlainClient(host: host)
            var conformance = Conformance(client)
            try await conformance.publish(tags: ["1.0", "1.1"])
            let response = try await client.send(.get, "/v2/library/app/tags/list?n=1")
            #expect(response.text.contains("1.0"))
            #expect(response.text.contains("1.1") == !isPaged)
            #expect((response.headers["Link"] != nil) == isPaged)
        }
    }
}

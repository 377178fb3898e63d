// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Programs of Debian` {
    let image = ImageBuilder(spelling: .odd).multiPlatform(seed: 9)

    @Test func `copy an image from one loopback registry to another`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        source.publish(image, repository: "library/app", tag: "1.0")
        let result = try await Skopeo().run([
            "copy", "--all", "--preserve-digests", "--src-tls-verify=false",
            "--dest-tls-verify=false",
            "docker://\(source.host)/library/app:1.0", "docker://\(target.host)/mirror/app:1.0",
        ])
        #expect(result.status == 0, "\(result.stderr)")
        #expect(target.tags(of: "mirror/app") == ["1.0": image.digest])
        #expect(Set(target.blobs(of: "mirror/app").keys) == Set(image.blobs.keys))
        #expect(target.violations.isEmpty)
    }

    @Test func `serve an image with TLS and a password, and log the user`() async throws {
        let authority = try await CertificateAuthority.make()
        let docker = try await DockerRegistry.start(
            users: ["ci": "secret"], certificate: try await authority.issue())
        let source = LoopbackRegistry()
        source.publish(image, repository: "library/app", tag: "1.0")
        let skopeo = try Skopeo()
        let certificates = try TemporaryFolder()
        try certificates.write(authority.certificate, to: "authority.crt")
        let copy = [
            "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-cert-dir",
            certificates.path,
            "docker://\(source.host)/library/app:1.0", "docker://\(docker.host)/app:1.0",
        ]
        #expect(try await skopeo.run(copy).status != 0)
        try skopeo.logIn(to: docker.host, user: "ci", password: "secret")
        let result = try await skopeo.run(copy)
        #expect(result.status == 0, "\(result.stderr)")
        let raw = try await skopeo.run([
            "inspect", "--raw", "--cert-dir", certificates.path, "docker://\(docker.host)/app:1.0",
        ])
        #expect(Array(raw.stdout.utf8) == image.root.bytes)
        #expect(docker.requests.count(of: .manifestPut) >= 3)
        #expect(docker.requests.contains { $0.status == 401 })
        #expect(docker.requests.allSatisfy { $0.headers["User-Agent"]?.contains("skopeo") == true })
    }

    @Test func `accept a loopback registry with a certificate of a trusted authority`() async throws
    {
        let authority = try await CertificateAuthority.make()
        let registry = LoopbackRegistry(certificate: try await authority.issue().pair)
        let trusting = ["-s", "--cacert", authority.certificateFile, "\(registry.origin)/v2/"]
        #expect(try await SpawnedProcess.run("curl", trusting).output == "{}")
        let doubting = try await SpawnedProcess.run("curl", ["-s", "\(registry.origin)/v2/"])
        #expect(doubting.status == 60, "curl knows no issuer of the certificate")
        #expect(registry.requests.count == 1)
    }

    @Test func `can require client certificates`() async throws {
        let authority = try await CertificateAuthority.make()
        let docker = try await DockerRegistry.start(
            certificate: try await authority.issue(), clientAuthority: authority.certificateFile)
        let client = try await authority.issue("client", for: ["DNS:client"])
        let request = ["-s", "--cacert", authority.certificateFile, "https://\(docker.host)/v2/"]
        #expect(try await SpawnedProcess.run("curl", request).status != 0)
        let known = try await SpawnedProcess.run(
            "curl", ["--cert", client.certificateFile, "--key", client.keyFile] + request)
        #expect(known.output == "{}")
    }

    @Test func `cache the content of an upstream registry`() async throws {
        let source = LoopbackRegistry()
        source.publish(image, repository: "library/app", tag: "1.0")
        let cache = try await DockerRegistry.start(upstream: source.origin)
        let response = try await PlainClient(host: cache.host).send(
            .get, "/v2/library/app/manifests/1.0", [("Accept", MediaType.ociIndex.name)])
        #expect(response.body == image.root.bytes)
        #expect(source.requests.count(of: .manifestGet) >= 1)
    }

    @Test func `leave no files`() async throws {
        var docker: DockerRegistry? = try await DockerRegistry.start()
        let path = try #require(docker?.folder.path)
        let host = try #require(docker?.host)
        #expect(try await PlainClient(host: host).send(.get, "/v2/").status == 200)
        docker = nil
        await #expect(throws: PlainClient.ConnectionLost.self) {
            try await PlainClient(host: host).send(.get, "/v2/")
        }
        #expect(try await SpawnedProcess.run("test", ["-e", path]).status == 1)
    }

    @Test func `transfer hundreds of megabytes through two registries that store nothing`()
        async throws
    {
        let source = LoopbackRegistry()
        let target = LoopbackRegistry(.discardBlobs)
        let layer = Layer(generated: GeneratedBytes(count: 300_000_000, seed: 11))
        let big = ImageBuilder().image(layers: [layer])
        source.publish(big, repository: "big", tag: "1.0")
        let result = try await SpawnedProcess.run(
            "sh",
            [
                "-c",
                "curl -sf $1/v2/big/blobs/$3 | curl -sf -X POST -T - -H Expect: \"$2/v2/big/blobs/uploads/?digest=$3\"",
                "sh", source.origin, target.origin, layer.digest.description,
            ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(target.blobs(of: "big") == [layer.digest: 300_000_000])
        #expect(target.requests.last?.receivedBytes == 300_000_000)
        let client = try PlainClient(host: target.host)
        let head = try await client.send(.head, "/v2/big/blobs/\(layer.digest)")
        #expect(head.headers["Content-Length"] == "300000000")
        #expect(try await client.send(.get, "/v2/big/blobs/\(layer.digest)").status == 405)
    }
}

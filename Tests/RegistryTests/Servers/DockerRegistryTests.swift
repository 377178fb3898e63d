// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import OCI
import RegistryTestSupport
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Against Debian's docker-registry` {
    @Test(arguments: [UploadDialect.put, .patch, .chunked])
    func `an image is copied byte for byte, as skopeo confirms`(dialect: UploadDialect) async throws
    {
        let registry = try await DockerRegistry.start()
        let image = ImageBuilder(.docker, spelling: .odd).multiPlatform()
        let scene = try RealScene(registry.host, dialect: dialect)
        let repository = try scene.network.repository(registry.repository("mirror/app"))
        try await repository.push(image, as: "1")
        #expect(try await repository.holds(image, as: "1"))
        #expect(try await repository.tags().map(\.name) == ["1"])
        let skopeo = try await Skopeo().run([
            "inspect", "--tls-verify=false", "--format", "{{.Digest}}",
            "docker://\(registry.host)/mirror/app:1",
        ])
        #expect(skopeo.stdout.contains("\(image.digest)"), "\(skopeo.stderr)")
        registry.stop()
    }

    @Test func `blobs are mounted within the registry`() async throws {
        let registry = try await DockerRegistry.start()
        let image = ImageBuilder().multiPlatform()
        let scene = try RealScene(registry.host)
        try await scene.network.repository(registry.repository("base")).push(image, as: "1")
        let repository = try scene.network.repository(registry.repository("app"))
        let arrivals = try await repository.push(
            image, as: "1", mountingFrom: registry.repository("base"))
        #expect(Set(arrivals) == [.mounted])
        #expect(try await repository.holds(image, as: "1"))
        registry.stop()
    }

    // It states the SHA-256 digest, whatever the algorithm of the blob's digest.
    @Test(arguments: [UploadDialect.put, .patch, .chunked], ["", "the bytes of a layer"])
    func `a blob is stored under its SHA-512 digest, even if it is empty`(
        dialect: UploadDialect, text: String
    ) async throws {
        let registry = try await DockerRegistry.start()
        let bytes = Array(text.utf8)
        let blob = Descriptor(
            mediaType: .octetStream, digest: .of(bytes, .sha512), size: bytes.count)
        let scene = try RealScene(registry.host, dialect: dialect)
        let repository = try scene.network.repository(registry.repository("app"))
        let arrival = try await repository.push(blob: blob, expecting: .absent, mountingFrom: nil) {
            VerifiedStream(BytesInMemory(bytes), verifying: blob)
        }
        #expect(arrival == .uploaded)
        #expect(try await repository.exists(blob: blob))
        #expect(try await collect(repository.fetch(blob: blob)) == bytes)
        registry.stop()
    }

    @Test func `a missing manifest is nil, and a missing repository is an error`()
        async throws
    {
        let registry = try await DockerRegistry.start()
        let scene = try RealScene(registry.host)
        let repository = try scene.network.repository(registry.repository("none"))
        #expect(try await repository.resolve(.tag(Tag(parsing: "1"))) == nil)
        #expect(try await !repository.exists(blob: Sample.blob.descriptor))
        let error = await #expect(throws: RegistryError.self) { _ = try await repository.tags() }
        #expect(error?.failureClass == .missing)
        registry.stop()
    }

    @Test func `a password is sent over TLS with a certificate of the test's authority`()
        async throws
    {
        let authority = try await CertificateAuthority.make()
        let registry = try await DockerRegistry.start(
            users: ["me": "pw"], certificate: authority.issue())
        let image = ImageBuilder().multiPlatform()
        func repository(_ credential: Credential?, caFile: String?) throws -> RemoteRepository {
            try RealScene(
                registry.host, plainHTTP: false, caFile: caFile, credential: credential
            ).network.repository(registry.repository("app"))
        }
        let known = try repository(.user("me", "pw"), caFile: authority.certificateFile)
        try await known.push(image, as: "1")
        #expect(try await known.holds(image, as: "1"))
        for credential in [nil, Credential.user("me", "wrong")] {
            let error = await #expect(throws: RegistryError.self) {
                _ = try await repository(credential, caFile: authority.certificateFile)
                    .resolve(.tag(Tag(parsing: "1")))
            }
            #expect(error?.failureClass == .denied)
        }
        let error = await #expect(throws: RegistryError.self) {
            _ = try await repository(.user("me", "pw"), caFile: nil)
                .resolve(.tag(Tag(parsing: "1")))
        }
        #expect(error?.failureClass == .unavailable)
        registry.stop()
    }
}

// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

@Suite(.timeLimit(.minutes(10))) struct `Manifests` {
    static let tagged = "https://reg.test/v2/app/manifests/1"
    static let sample = Sample.manifest
    static let byDigest = "https://reg.test/v2/app/manifests/\(sample.digest)"
    static let name = ManifestName.digest(sample.digest)

    func tag() throws -> ManifestName { .tag(try Tag(parsing: "1")) }

    @Test func `are resolved by one HEAD that accepts every type`() async throws {
        let scene = try Scene([
            Exchange("HEAD \(Self.tagged)", ScriptedResponse(200, Self.sample.fields))
        ])
        #expect(try await scene.repository().resolve(tag()) == Self.sample.descriptor)
        let accept = try #require(scene.wire.requests.first?.fields["accept"])
        for type in MediaType.manifests { #expect(accept.contains(type.name)) }
    }

    @Test func `that are missing are nil`() async throws {
        let scene = try Scene([Exchange("HEAD \(Self.tagged)", ScriptedResponse(404))])
        #expect(try await scene.repository().resolve(tag()) == nil)
    }

    // B02: values that the registry omits or garbles are taken from the bytes.
    @Test(arguments: [
        ScriptedResponse(405),
        ScriptedResponse(200, ["Content-Type": sample.descriptor.mediaType.name]),
        ScriptedResponse(
            200,
            [
                "Content-Length": "\(sample.bytes.count)",
                "Docker-Content-Digest": "\(sample.digest)",
            ]),
        ScriptedResponse(
            200,
            [
                "Content-Type": sample.descriptor.mediaType.name,
                "Content-Length": "\(sample.bytes.count)",
                "Docker-Content-Digest": "md5:1",
            ]),
        ScriptedResponse(
            200,
            [
                "Content-Type": sample.descriptor.mediaType.name, "Content-Length": "-1",
                "Docker-Content-Digest": "\(sample.digest)",
            ]),
    ])
    func `are read if HEAD is inconclusive`(head: ScriptedResponse) async throws {
        let body = ScriptedResponse(
            200, ["Content-Type": Self.sample.descriptor.mediaType.name], bytes: [Self.sample.bytes]
        )
        let scene = try Scene([
            Exchange("HEAD \(Self.tagged)", head), Exchange("GET \(Self.tagged)", body),
        ])
        #expect(try await scene.repository().resolve(tag()) == Self.sample.descriptor)
        scene.wire.expectDone()
    }

    @Test func `are verified before they are parsed`() async throws {
        let scene = try Scene([
            Exchange(
                "GET \(Self.byDigest)",
                ScriptedResponse(200, Self.sample.fields, bytes: [Self.sample.bytes])),
            Exchange(
                "GET \(Self.byDigest)",
                ScriptedResponse(200, Self.sample.fields, #"{"schemaVersion":3}"#)),
            Exchange(
                "GET \(Self.byDigest)",
                ScriptedResponse(200, Self.sample.fields, #"{"schemaVersion":3}"#)),
        ])
        let repository = try scene.repository()
        let manifest = try await repository.fetch(manifest: Self.sample.descriptor)
        #expect(manifest.bytes == Self.sample.bytes)
        // B01: one other byte; the manifest is requested once more, in case it was corrupted in
        // transit.
        let error = await #expect(throws: RegistryError.self) {
            try await repository.fetch(manifest: Self.sample.descriptor)
        }
        #expect(error?.failureClass == .integrity)
        scene.wire.expectDone()
    }

    @Test func `that are corrupt are read once more`() async throws {
        let scene = try Scene([
            Exchange(
                "GET \(Self.byDigest)",
                ScriptedResponse(200, Self.sample.fields, #"{"schemaVersion":3}"#)),
            Exchange(
                "GET \(Self.byDigest)",
                ScriptedResponse(200, Self.sample.fields, bytes: [Self.sample.bytes])),
        ])
        let manifest = try await scene.repository().fetch(manifest: Self.sample.descriptor)
        #expect(manifest.bytes == Self.sample.bytes)
        scene.wire.expectDone()
    }

    // B03: one digest under two types is two images.
    @Test func `with two types are rejected`() async throws {
        let index = Sample(
            #"{"mediaType":"application/vnd.oci.image.index.v1+json"}"#, .ociManifest)
        let cases = [(Self.sample, MediaType.ociIndex.name), (index, MediaType.ociManifest.name)]
        for (sample, type) in cases {
            let scene = try Scene([
                Exchange(
                    "GET https://reg.test/v2/app/manifests/\(sample.digest)",
                    ScriptedResponse(200, ["Content-Type": type], bytes: [sample.bytes]))
            ])
            let error = await #expect(throws: RegistryError.self) {
                try await scene.repository().fetch(manifest: sample.descriptor)
            }
            #expect(error?.failureClass == .invalid)
        }
    }

    @Test func `larger than 4 MiB are rejected, whatever their descriptor states`() async throws {
        let chunk = [UInt8](repeating: 0x20, count: 1 << 20)
        let scene = try Scene([
            Exchange(
                "GET \(Self.byDigest)",
                ScriptedResponse(200, bytes: .init(repeating: chunk, count: 5)))
        ])
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().fetch(manifest: Self.sample.descriptor)
        }
        #expect(error?.failureClass == .unavailable)
    }

    @Test func `are requested again after a broken connection`() async throws {
        let scene = try Scene([
            Exchange("GET \(Self.byDigest)", .failing(.connect)),
            Exchange("GET \(Self.byDigest)", ScriptedResponse(503, ["Retry-After": "7"])),
            Exchange("GET \(Self.byDigest)", ScriptedResponse(200, bytes: [[0x7B]], breaks: true)),
            Exchange(
                "GET \(Self.byDigest)",
                ScriptedResponse(200, Self.sample.fields, bytes: [Self.sample.bytes])),
        ])
        _ = try await scene.repository().fetch(manifest: Self.sample.descriptor)
        #expect(scene.time.waits == [.seconds(0.75), .seconds(7.25), .seconds(3)])
        scene.wire.expectDone()
    }

    // A registry that responds is not down, even if a proxy cuts its responses.
    @Test func `are requested six times if their body always breaks off`() async throws {
        let cut = Exchange(
            "GET \(Self.byDigest)", ScriptedResponse(200, bytes: [[0x7B]], breaks: true))
        let scene = try Scene(Array(repeating: cut, count: 6))
        let error = await #expect(throws: RegistryError.self) {
            try await scene.repository().fetch(manifest: Self.sample.descriptor)
        }
        #expect(error?.failureClass == .unavailable)
        #expect(scene.time.waits.count == 5)
        scene.wire.expectDone()
    }

    @Test func `are pushed byte for byte with their type`() async throws {
        let scene = try Scene([
            Exchange(
                "PUT \(Self.tagged)",
                ScriptedResponse(201, ["Docker-Content-Digest": "\(Self.sample.digest)"]))
        ])
        try await scene.repository().push(manifest: Self.sample.raw, as: tag())
        let put = try #require(scene.wire.requests.first)
        #expect(put.body == Self.sample.bytes)
        #expect(put.fields["content-type"] == Self.sample.descriptor.mediaType.name)
        #expect(put.timeouts.firstByte == .seconds(300))
    }

    @Test func `G15 that the registry rewrites are an error`() async throws {
        let other = Sample("{}", .ociManifest)
        let scene = try Scene([
            Exchange(
                "PUT \(Self.tagged)",
                ScriptedResponse(201, ["Docker-Content-Digest": "\(other.digest)"])),
            Exchange("PUT \(Self.tagged)", ScriptedResponse(201)),
            Exchange("HEAD \(Self.tagged)", ScriptedResponse(200, other.fields)),
            Exchange("PUT \(Self.tagged)", ScriptedResponse(201)),
            Exchange("HEAD \(Self.tagged)", ScriptedResponse(200, Self.sample.fields)),
        ])
        let repository = try scene.repository()
        for _ in 0..<2 {
            let error = await #expect(throws: RegistryError.self) {
                try await repository.push(manifest: Self.sample.raw, as: tag())
            }
            #expect(error?.failureClass == .integrity)
        }
        try await repository.push(manifest: Self.sample.raw, as: tag())
        scene.wire.expectDone()
    }

    @Test func `of Docker Hub are requested from its API host, and report the pulls remaining`()
        async throws
    {
        var fields = Self.sample.fields
        fields.append("ratelimit-remaining", "76;w=21600")
        let scene = try Scene([
            Exchange(
                "HEAD https://registry-1.docker.io/v2/library/busybox/manifests/1",
                ScriptedResponse(200, fields))
        ])
        _ = try await scene.repository("busybox").resolve(tag())
        #expect(scene.events.all.contains(.pullsRemaining(host: .dockerHub, count: 76)))
        #expect(
            scene.events.withoutTraces.contains(
                .requestFinished(host: "docker.io", kind: .manifestHead, status: 200, bytes: 0)))
    }
}

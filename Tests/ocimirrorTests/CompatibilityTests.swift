// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

/// Situations that need more than one odd response.
@Suite struct `sync copes with` {
    private let source = LoopbackRegistry()
    private let image = ImageBuilder().layered(top: 1)

    private func workspace(
        _ images: [String], to target: LoopbackRegistry, _ further: [String] = []
    ) throws -> Workspace {
        try Workspace(
            Mirror(
                from: images, to: "\(target.host)/mirror", plain: [source.host, target.host],
                further: further
            ).text)
    }

    /// distribution/distribution#2232: the body of a 500 tells that content is missing.
    @Test func `a registry that rejects missing content with 500`() async throws {
        let target = LoopbackRegistry()
        target.adopt(.missingContentWithStatus500)
        let builder = ImageBuilder()
        let other = builder.image(
            Platform(os: "linux", architecture: "s390x"), layers: [.raw([1, 2, 3])])
        let sparse = builder.index(
            [Platform.linuxAMD64, .linuxARM64].map {
                .image(builder.image($0, layers: [.tar([.file("/app", "\($0)")])]))
            } + [.image(other)])
        source.publish(sparse, repository: "app", tag: "1.0")
        let workspace = try workspace(
            ["\"\(source.host)/app:1.0\""], to: target, ["copy: required", "referrers: none"])
        let run = try await workspace.run("sync")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("does not accept sparse indexes"), "\(run.said)")
        #expect(target.requests.count(of: .manifestPut) == 3)
    }

    /// docker/buildx#173: the entries of the index are blobs.
    @Test func `the index of a BuildKit cache`() async throws {
        var traits = RegistryTraits()
        traits.checksReferences = false
        let target = LoopbackRegistry(traits)
        let (layer, config) = (Array("a layer".utf8), Array(#"{"layers":[]}"#.utf8))
        func entry(_ type: String, _ bytes: [UInt8]) -> String {
            #"{"mediaType":"\#(type)","digest":"\#(Digest.of(bytes))","size":\#(bytes.count)}"#
        }
        let entries = [
            entry("application/vnd.oci.image.layer.v1.tar+gzip", layer),
            entry("application/vnd.buildkit.cacheconfig.v0", config),
        ]
        let root = RawManifest(
            describing: Array(
                #"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))]}"#.utf8),
            as: .ociIndex)
        let cache = BuiltImage(root: root, blobs: [.of(layer): layer, .of(config): config])
        source.publish(cache, repository: "cache", tag: "main-1")
        let workspace = try workspace(
            ["{source: \"\(source.host)/cache:main-1\", artifact: true}"], to: target)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/cache")["main-1"] == root.descriptor.digest)
        #expect(Set(target.blobs(of: "mirror/cache").keys) == [.of(layer), .of(config)])
        let verify = try await workspace.run("verify")
        #expect(verify.status == 0, "\(verify.said)")
    }

    /// The referrers of an image find their way to a registry without the API, and away from it.
    @Test func `distribution, which lists referrers only under tags`() async throws {
        let (first, second) = (LoopbackRegistry(.distribution), LoopbackRegistry(.distribution))
        let builder = ImageBuilder()
        let parts = builder.artifact("application/test", "parts", about: image.root.descriptor)
        source.publish(image, repository: "app", tag: "1.0")
        source.publish(parts, repository: "app")
        for (from, target, path) in [(source, first, "app"), (first, second, "mirror/app")] {
            let workspace = try Workspace(
                Mirror(
                    from: ["{source: \"\(from.host)/\(path):1.0\", name: app}"],
                    to: "\(target.host)/mirror", plain: [from.host, target.host]
                ).text)
            let run = try await workspace.run("sync")
            #expect(run.status == 0, "\(run.said)")
            #expect(target.tags(of: "mirror/app")["sha256-\(image.digest.hex)"] != nil)
            #expect(target.manifests(of: "mirror/app")[parts.digest]?.bytes == parts.root.bytes)
            #expect(target.requests.of(.manifestPut).allSatisfy { $0.status == 201 })
            let verify = try await workspace.run("verify")
            #expect(verify.status == 0, "\(verify.said)")
        }
        #expect(first.requests.count(of: .referrers) <= 3, "the API is not asked for again")
    }

    /// A registry with an endless outage costs its retry budget once, not once for each image.
    @Test func `an outage of the source, once for all images`() async throws {
        let target = LoopbackRegistry()
        source.inject(.on(nil, "*", .answer(500)))
        var workspace = try workspace(
            (1...30).map { "\"\(source.host)/app-\($0):1.0\"" }, to: target)
        workspace.environment["OCIMIRROR_RETRY_FOR"] = "3s"
        let run = try await workspace.run("sync")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.errors.contains("no more requests in this run"), "\(run.said)")
        #expect(source.requests.count < 120, "\(source.requests.count)")
    }
}

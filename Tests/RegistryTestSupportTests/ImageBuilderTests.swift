// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `An image builder` {
    @Test(arguments: ImageBuilder.Dialect.allCases, JSONSpelling.allCases)
    func `describes its content correctly in all media types and formats`(
        _ dialect: ImageBuilder.Dialect, _ spelling: JSONSpelling
    ) throws {
        let image = ImageBuilder(dialect, spelling: spelling).multiPlatform()
        guard case .index(let index) = try image.root.decoded() else {
            Issue.record("the root is not an index")
            return
        }
        #expect(index.manifests.map(\.platform) == [.linuxAMD64, .linuxARM64])
        #expect(
            index.manifests
                == zip(index.manifests, image.manifests).map { entry, child in
                    Descriptor(
                        mediaType: child.descriptor.mediaType, digest: .of(child.bytes),
                        size: child.bytes.count, platform: entry.platform)
                })
        for (entry, child) in zip(index.manifests, image.manifests) {
            guard case .image(let manifest) = try child.decoded() else {
                Issue.record("a child is not an image")
                return
            }
            for descriptor in [manifest.config] + manifest.layers {
                let bytes = try #require(image.blobs[descriptor.digest])
                #expect(Digest.of(bytes) == descriptor.digest)
                #expect(bytes.count == descriptor.size)
            }
            let config = try ImageConfig(bytes: try #require(image.blobs[manifest.config.digest]))
            #expect(config.platform == entry.platform)
            #expect(config.diffIDs.count == manifest.layers.count)
            #expect(config.diffIDs[0] == manifest.layers[0].digest)
            #expect(config.diffIDs[1] != manifest.layers[1].digest)
        }
    }

    @Test func `formats the same index in ways that no encoder uses`() throws {
        let images = JSONSpelling.allCases.map { ImageBuilder(spelling: $0).multiPlatform() }
        #expect(Set(images.map(\.digest)).count == images.count)
        let odd = String(decoding: try #require(images.last).root.bytes, as: UTF8.self)
        for sign in ["x-unknown", "\t", "\r\n", "\\/", " ,", "  :"] { #expect(odd.contains(sign)) }
    }

    @Test func `can write a wrong platform into an index`() throws {
        let builder = ImageBuilder()
        let amd64 = builder.image(.linuxAMD64, layers: [.tar([.file("/bin/app", "x")])])
        let index = builder.index([.image(amd64), .image(amd64, as: .linuxARM64)])
        guard case .index(let decoded) = try index.root.decoded() else {
            Issue.record("the root is not an index")
            return
        }
        #expect(decoded.manifests.map(\.platform) == [.linuxAMD64, .linuxARM64])
        #expect(Set(decoded.manifests.map(\.digest)).count == 1)
        #expect(index.manifests.count == 2)
    }

    @Test func `adds attestation manifests as BuildKit does`() throws {
        let builder = ImageBuilder()
        let image = builder.image(layers: [.raw([1])])
        let index = builder.index([.image(image), .attestation(of: image)])
        guard case .index(let decoded) = try index.root.decoded() else {
            Issue.record("the root is not an index")
            return
        }
        let entry = try #require(decoded.manifests.last)
        #expect(entry.platform?.isUnknown == true)
        #expect(entry.annotations["vnd.docker.reference.type"] == "attestation-manifest")
        #expect(entry.annotations["vnd.docker.reference.digest"] == image.digest.description)
    }

    @Test func `omits a blob or child on request`() throws {
        let image = ImageBuilder().multiPlatform()
        let child = image.manifests[0].descriptor.digest
        #expect(image.without(child).manifests.map(\.descriptor.digest).contains(child) == false)
        let blob = try #require(image.blobs.keys.first)
        #expect(image.without(blob).blobs.count == image.blobs.count - 1)
        #expect(image.without(blob).digest == image.digest)
    }

    @Test func `generates pseudo-random bytes that follow from their seed`() {
        let bytes = GeneratedBytes(count: 1_000_000, seed: 3)
        var parts: [UInt8] = []
        while parts.count < bytes.count { parts += bytes.read(from: parts.count, limit: 777) }
        #expect(Digest.of(parts) == bytes.digest())
        #expect(bytes.digest() == GeneratedBytes(count: 1_000_000, seed: 3).digest())
        #expect(bytes.digest() != GeneratedBytes(count: 1_000_000, seed: 4).digest())
        #expect(Layer.random(size: 5, seed: 1).size == 5)
        #expect(bytes.read(from: 1_000_000, limit: 1).isEmpty)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A layer` {
    /// Standard programs must be able to unpack generated layers.
    @Test func `is readable by tar and gzip`() async throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "deep/", count: 30) + "file"
        let image = ImageBuilder().image(layers: [
            .gzip([
                .folder("/bin"), .file("/bin/app", String(repeating: "x", count: 100_000)),
                .symbolicLink("/bin/sh", to: "app"), .hardLink("/bin/other", to: "bin/app"),
                .file(long, "long"), .whiteout("/etc/passwd"),
            ])
        ])
        let archive = try #require(image.blobs.values.max { $0.count < $1.count })
        try folder.write(archive, to: "layer.tar.gz")
        let listing = try await SpawnedProcess.run("tar", ["-tvzf", folder("layer.tar.gz")])
        #expect(listing.status == 0, "\(listing.errors)")
        let names = listing.output.split(separator: "\n").map {
            $0.split(separator: " ").dropFirst(5).joined(separator: " ")
        }
        #expect(
            names == [
                "bin", "bin/app", "bin/sh -> app", "bin/other link to bin/app", long,
                "etc/.wh.passwd",
            ])
    }
}

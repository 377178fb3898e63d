// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import Lockfiles
import OCI
import RegistryTestSupport
import Testing

@testable import Mirroring

/// Lock files as OCI artifacts.
@Suite(.timeLimit(.minutes(10))) struct LockArtifactTests {
    private let lock = Array("global: {ocimirror: {schema: 1, images: {}}}\n".utf8)

    @Test func `a lock file is pushed once and read back byte for byte`() async throws {
        let store = MemoryStore(at: .layout(directory: "/locks"))
        let tag = try Tag(parsing: "latest")
        #expect(try await LockArtifact.read(.tag(tag), from: store) == nil)
        #expect(try await LockArtifact(lock).push(to: store, as: tag))
        #expect(try await !LockArtifact(lock).push(to: store, as: tag))
        let read = try #require(try await LockArtifact.read(.tag(tag), from: store))
        #expect(read.lock == lock)
        #expect(read.digest == LockArtifact(lock).manifest.descriptor.digest)
        #expect(try await LockArtifact(lock + lock).push(to: store, as: tag))
        #expect(try await LockArtifact.read(.tag(tag), from: store)?.lock == lock + lock)
    }

    @Test func `the manifest has the types that Flux reads`() throws {
        guard case .image(let image) = try LockArtifact(lock).manifest.decoded() else {
            Issue.record("not an image manifest")
            return
        }
        #expect(image.artifactType?.name == "application/vnd.ocimirror.lock.v1")
        #expect(image.config.mediaType.name == "application/vnd.cncf.flux.config.v1+json")
        #expect(
            image.layers.map(\.mediaType.name) == [
                "application/vnd.cncf.flux.content.v1.tar+gzip",
                "application/vnd.ocimirror.lock.v1+yaml",
            ])
    }

    // The sizes are around the borders of tar's and gzip's blocks.
    @Test(arguments: [0, 1, 511, 512, 513, 65_023, 65_535, 65_536, 200_000])
    func `the archive is valid for tar and gzip`(size: Int) async throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try folder.write(bytes, to: "expected")
        try folder.write(LockArchive.bytes(of: bytes, named: "images.lock.yaml"), to: "a.tar.gz")
        let result = try await SpawnedProcess.run(
            "env",
            [
                "--chdir=\(folder.path)", "sh", "-ec",
                "gzip --test a.tar.gz; tar xzf a.tar.gz; cmp expected images.lock.yaml; tar tzvf a.tar.gz",
            ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("-rw-r--r-- 0/0"))
        #expect(result.output.contains("1970-01-01"))
    }

    @Test(arguments: [
        #"{"schemaVersion":2,"mediaType":"INDEX","manifests":[]}"#,
        #"{"schemaVersion":2,"mediaType":"MANIFEST","config":CONFIG,"layers":[]}"#,
        #"{"schemaVersion":2,"mediaType":"MANIFEST","artifactType":"TYPE","config":CONFIG,"layers":[]}"#,
    ])
    func `another kind of content is not a lock file`(template: String) async throws {
        let store = MemoryStore(at: .layout(directory: "/locks"))
        let config = Array("{}".utf8)
        let descriptor = Descriptor(mediaType: .ociConfig, digest: .of(config), size: config.count)
        _ = try await store.push(blob: descriptor, expecting: .likely, mountingFrom: nil) {
            BytesInMemory(config)
        }
        let text = template.replacing("INDEX", with: MediaType.ociIndex.name)
            .replacing("MANIFEST", with: MediaType.ociManifest.name)
            .replacing("TYPE", with: LockArtifact.artifactType.name)
            .replacing(
                "CONFIG",
                with: """
                    {"mediaType":"\(MediaType.ociConfig.name)","digest":"\(descriptor.digest)","size":2}
                    """)
        let type: MediaType = template.contains("INDEX") ? .ociIndex : .ociManifest
        let manifest = RawManifest(describing: Array(text.utf8), as: type)
        let name = ManifestName.digest(manifest.descriptor.digest)
        try await store.push(manifest: manifest, as: name)
        let error = await #expect(throws: ContentError.self) {
            try await LockArtifact.read(name, from: store)
        }
        #expect(error?.failureClass == .invalid)
        #expect(error?.message.contains("is not a published lock file") == true)
    }

    @Test func `a lock file above the limit is not published`() async throws {
        let store = MemoryStore(at: .layout(directory: "/locks"))
        let tag = try Tag(parsing: "latest")
        let large = [UInt8](repeating: 0x20, count: Lockfile.maximumByteCount + 1)
        let error = await #expect(throws: ContentError.self) {
            try await LockArtifact(large).push(to: store, as: tag)
        }
        #expect(error?.failureClass == .invalid)
        #expect(error?.message.contains("the limit is 16777216") == true)
        #expect(try await store.currentDescriptor(of: .tag(tag)) == nil)
    }

    @Test func `a lock file above the limit is not read`() async throws {
        let store = MemoryStore(at: .layout(directory: "/locks"))
        let large = [UInt8](repeating: 0x20, count: Lockfile.maximumByteCount + 1)
        let blob = Descriptor(
            mediaType: LockArtifact.lockType, digest: .of(large), size: large.count)
        _ = try await store.push(blob: blob, expecting: .likely, mountingFrom: nil) {
            BytesInMemory(large)
        }
        let config = Array("{}".utf8)
        let described = Descriptor(mediaType: .ociConfig, digest: .of(config), size: config.count)
        _ = try await store.push(blob: described, expecting: .likely, mountingFrom: nil) {
            BytesInMemory(config)
        }
        func json(_ descriptor: Descriptor) -> String {
            """
            {"mediaType":"\(descriptor.mediaType.name)","digest":"\(descriptor.digest)",\
            "size":\(descriptor.size)}
            """
        }
        let text = """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest.name)",\
            "artifactType":"\(LockArtifact.artifactType.name)","config":\(json(described)),\
            "layers":[\(json(blob))]}
            """
        let manifest = RawManifest(describing: Array(text.utf8), as: .ociManifest)
        let name = ManifestName.digest(manifest.descriptor.digest)
        try await store.push(manifest: manifest, as: name)
        let error = await #expect(throws: ContentError.self) {
            try await LockArtifact.read(name, from: store)
        }
        #expect(error?.failureClass == .invalid)
    }
}

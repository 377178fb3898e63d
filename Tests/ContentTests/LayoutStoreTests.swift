// SPDX-License-Identifier: Apache-2.0

import Content
import Files
import Hashing
import OCI
import RegistryTestSupport
import StrictJSON
import Testing

@Suite struct LayoutStoreTests {
    let folder: TemporaryFolder
    let store: LayoutStore
    let image = ImageBuilder().multiPlatform(seed: 1)

    init() throws {
        folder = try TemporaryFolder()
        store = LayoutStore(directory: folder("layout"))
    }

    private var index: JSONValue {
        get throws { try JSONValue(parsing: folder.read("layout/index.json")) }
    }

    /// The entries of `index.json`: digests with their tags.
    private var listed: [String] {
        get throws {
            try index["manifests"].elements.map { entry in
                let tag = entry["annotations"]["org.opencontainers.image.ref.name"].text
                return (tag ?? "untagged") + " " + (entry["digest"].text ?? "")
            }
        }
    }

    // MARK: Round trips

    @Test func `pushed content is read back byte for byte`() async throws {
        try await image.push(to: store, as: "1.0")
        let root = try #require(try await store.resolve(.tag("1.0")))
        #expect(root.digest == image.digest && root.mediaType == .ociIndex)
        #expect(.of(try await store.fetch(manifest: root).bytes) == image.digest)
        for manifest in image.manifests {
            let descriptor = try await store.resolve(.digest(manifest.descriptor.digest))
            #expect(descriptor?.size == manifest.bytes.count)
            #expect(descriptor?.mediaType == manifest.descriptor.mediaType)
        }
        for (digest, bytes) in image.blobs {
            let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
            #expect(try await store.exists(blob: blob))
            #expect(.of(try await store.read(blob: blob, limit: 1 << 20)) == digest)
        }
        #expect(try await store.tags().map(\.name) == ["1.0"])
    }

    @Test func `a manifest without a media type is recognized by its fields`() async throws {
        let bare = RawManifest(
            describing: Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8), as: .ociIndex)
        try await store.push(manifest: bare, as: .digest(bare.descriptor.digest))
        let outer = RawManifest(
            describing: Array(
                """
                {"schemaVersion":2,"manifests":[{"mediaType":"\(MediaType.ociIndex)",\
                "digest":"\(bare.descriptor.digest)","size":\(bare.bytes.count)}]}
                """.utf8), as: .ociIndex)
        try await store.push(manifest: outer, as: .tag("1.0"))
        let found = try await store.resolve(.digest(bare.descriptor.digest))
        #expect(found?.mediaType == .ociIndex)
        // A config is not a manifest, even if its digest is requested.
        try await image.push(to: store, as: "2.0")
        for digest in image.blobs.keys {
            #expect(try await store.resolve(.digest(digest)) == nil)
        }
    }

    /// Rewrites `index.json` with one entry for the image and these annotations.
    private func list(_ annotations: String) throws {
        try folder.write(
            #"{"schemaVersion":2,"manifests":[{"mediaType":"\#(MediaType.ociIndex)","#
                + #""digest":"\#(image.digest)","size":\#(image.root.bytes.count)\#(annotations)}]}"#,
            to: "layout/index.json")
    }

    // `skopeo copy … oci:DIR` and `podman save` write no tag; docker and containerd a full name.
    @Test(arguments: [
        "", #","annotations":{"org.opencontainers.image.ref.name":"docker.io/library/app:1.0"}"#,
        #","annotations":{"io.containerd.image.name":"docker.io/library/app:1.0"}"#,
    ])
    func `a tag selects an untagged image or the end of a full name`(
        annotations: String
    ) async throws {
        try await image.push(to: store, as: "other")
        try list(annotations)
        #expect(try await store.resolve(.tag("1.0"))?.digest == image.digest)
        // As a target, the layout does not have the tag.
        #expect(try await store.currentDescriptor(of: .tag("1.0")) == nil)
        let isUntagged = annotations.isEmpty
        #expect((try await store.resolve(.tag("2.0")) != nil) == isUntagged)
        #expect(try await store.tags().map(\.name) == (isUntagged ? [] : ["1.0"]))
        let summary = try #require(try await store.contentSummary())
        #expect(
            summary.contains(
                isUntagged ? "the untagged manifest \(image.digest)" : "docker.io/library/app:1.0"))
    }

    @Test func `a name before the tag selects one of several full names`() async throws {
        let other = ImageBuilder().multiPlatform(seed: 2)
        for image in [image, other] { try await image.push(to: store, as: "x") }
        let entries = zip([image, other], ["app:1.0", "docker.io/library/app:1.0"]).map {
            #"{"mediaType":"\#(MediaType.ociIndex)","digest":"\#($0.digest)","#
                + #""size":\#($0.root.bytes.count),"annotations":"#
                + #"{"org.opencontainers.image.ref.name":"\#($1)"}}"#
        }
        try folder.write(
            #"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))]}"#,
            to: "layout/index.json")
        let path = "\(folder.path)/layout"
        #expect(try await store.resolve(.tag("1.0")) == nil, "the tag is ambiguous")
        for (name, image) in [("app", image), ("docker.io/library/app", other)] {
            let named = LayoutStore(directory: "\(path):\(name)")
            #expect(try await named.resolve(.tag("1.0"))?.digest == image.digest)
            #expect(try await named.resolve(.tag("2.0")) == nil)
            #expect(try await named.tags().map(\.name) == ["1.0"])
            await #expect(throws: ContentError.self) {
                try await image.push(to: named, as: "2.0")
            }
        }
    }

    // MARK: The index

    @Test func `children are unlisted when their parent is listed`() async throws {
        for manifest in image.manifests.dropLast() {
            try await image.pushBlobs(to: store)
            try await store.push(manifest: manifest, as: .digest(manifest.descriptor.digest))
        }
        #expect(
            try listed == image.manifests.dropLast().map { "untagged \($0.descriptor.digest)" })
        try await store.push(manifest: image.root, as: .tag("1.0"))
        #expect(try listed == ["1.0 \(image.digest)"])
    }

    @Test func `a root without a tag is listed once`() async throws {
        try await image.push(to: store, as: nil)
        try await image.push(to: store, as: nil)
        #expect(try listed == ["untagged \(image.digest)"])
        try await image.push(to: store, as: "1.0")
        #expect(try listed == ["1.0 \(image.digest)"])
        try await image.push(to: store, as: "1.1")
        #expect(try listed == ["1.0 \(image.digest)", "1.1 \(image.digest)"])
    }

    @Test func `a tag moves, and other tags are preserved`() async throws {
        let other = ImageBuilder().multiPlatform(seed: 2)
        try await image.push(to: store, as: "1.0")
        try await image.push(to: store, as: "stable")
        try await other.push(to: store, as: "stable")
        #expect(try listed == ["1.0 \(image.digest)", "stable \(other.digest)"])
    }

    @Test func `tags that are pushed concurrently are all listed`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for seed in 1...24 {
                group.addTask {
                    let image = ImageBuilder().multiPlatform(seed: UInt64(seed % 5))
                    try await image.push(to: store, as: "t\(seed)")
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.tags().count == 24)
        #expect(try listed.count == 24)
    }

    @Test func `data of other tools is preserved`() async throws {
        let other = ImageBuilder().multiPlatform(seed: 2)
        try await other.push(to: store, as: "2.0")
        let marker = #"{"imageLayoutVersion":"1.0.0","x":1}"#
        try folder.write(marker, to: "layout/oci-layout")
        let entry = """
            {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "\(other.digest)",
             "size": \(other.root.bytes.count), "annotations": {"org.example": "kept",
             "org.opencontainers.image.ref.name": "2.0"}, "x-entry": [1.50]}
            """
        try folder.write(
            """
            {"schemaVersion": 2, "annotations": {"a": "b"}, "x-top": {"n": 1e3},
             "manifests": [\(entry)]}
            """, to: "layout/index.json")
        try await image.push(to: store, as: "1.0")
        #expect(folder.text("layout/oci-layout") == marker)
        #expect(try index["annotations"]["a"].text == "b")
        #expect(try index["x-top"]["n"] == .number("1e3"))
        let expected = try JSONValue(parsing: Array(entry.utf8))
        #expect(try index["manifests"].elements.first == expected)

        // An entry that is already listed is preserved with its additional members.
        let before = folder.text("layout/index.json")
        try await store.push(manifest: other.root, as: .tag("2.0"))
        #expect(folder.text("layout/index.json") == before)
    }

    // MARK: Rejections

    @Test func `a manifest whose children or blobs are missing is rejected`() async throws {
        await #expect(throws: ContentError.self) {
            try await store.push(manifest: image.root, as: .tag("1.0"))
        }
        for manifest in image.manifests.dropLast() {
            await #expect(throws: ContentError.self) {
                try await store.push(manifest: manifest, as: .digest(manifest.descriptor.digest))
            }
        }
        #expect(try await store.currentDescriptor(of: .tag("1.0")) == nil)
    }

    @Test func `an interrupted or corrupt blob leaves nothing`() async throws {
        let bytes: [UInt8] = Array(repeating: 7, count: 1000)
        let blob = Descriptor(mediaType: .octetStream, digest: .of(bytes), size: bytes.count)
        for pieces in [[Array(bytes.prefix(500))], [bytes, [8]], [bytes.map { $0 + 1 }]] {
            await #expect(throws: IntegrityError.self) {
                _ = try await store.push(blob: blob, expecting: .absent, mountingFrom: nil) {
                    VerifiedStream(
                        AsyncThrowingStream { stream in
                            for chunk in pieces { stream.yield(chunk) }
                            stream.finish()
                        }, verifying: blob)
                }
            }
            #expect(try !(await store.exists(blob: blob)))
            #expect(try Directory.list(folder("layout/blobs/sha256")).isEmpty)
        }
    }

    @Test func `a blob with the wrong content is rejected`() async throws {
        try await image.push(to: store, as: "1.0")
        let (digest, bytes) = try #require(image.blobs.first)
        let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
        try folder.write(bytes.map { $0 ^ 1 }, to: "layout/blobs/sha256/\(digest.hex)")
        await #expect(throws: IntegrityError.self) {
            _ = try await store.read(blob: blob, limit: 1 << 20)
        }
        try folder.write(Array(bytes.dropLast()), to: "layout/blobs/sha256/\(digest.hex)")
        #expect(try !(await store.exists(blob: blob)))
        try folder.write("{}", to: "layout/blobs/sha256/\(image.digest.hex)")
        await #expect(throws: IntegrityError.self) {
            _ = try await store.fetch(manifest: image.root.descriptor)
        }
    }

    @Test(arguments: [ExpectedPresence.unknown, .likely, .absent])
    func `a present blob is written only if it is assumed to be absent`(
        presence: ExpectedPresence
    ) async throws {
        try await image.push(to: store, as: "1.0")
        let (digest, bytes) = try #require(image.blobs.first)
        let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
        func push() async throws -> BlobPushResult {
            try await store.push(blob: blob, expecting: presence, mountingFrom: nil) {
                BytesInMemory(bytes)
            }
        }
        #expect(try await push() == (presence == .absent ? .uploaded : .present))
        try folder.write("cut", to: "layout/blobs/sha256/\(digest.hex)")
        #expect(try await push() == .uploaded)
        #expect(try await store.exists(blob: blob))
    }

    @Test func `symbolic links are neither read nor written`() async throws {
        try await image.push(to: store, as: "1.0")
        let (digest, bytes) = try #require(image.blobs.first)
        let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
        let path = "layout/blobs/sha256/\(digest.hex)"
        try folder.write("precious", to: "precious")
        try await link(path, to: "precious")
        #expect(try !(await store.exists(blob: blob)))
        await #expect(throws: FileError.self) { _ = try await store.fetch(blob: blob) }
        await #expect(throws: ContentError.self) {
            _ = try await store.push(blob: blob, expecting: .absent, mountingFrom: nil) {
                BytesInMemory(bytes)
            }
        }
        #expect(folder.text("precious") == "precious")

        try await link("layout/index.json", to: "precious")
        await #expect(throws: FileError.self) { _ = try await store.resolve(.tag("1.0")) }
        await #expect(throws: FileError.self) {
            try await store.push(manifest: image.root, as: .tag("1.1"))
        }
        #expect(folder.text("precious") == "precious")
    }

    private func link(_ name: String, to place: String) async throws {
        let done = try await SpawnedProcess.run("ln", ["-sf", folder(place), folder(name)])
        try #require(done.status == 0)
    }

    @Test(
        arguments: [
            "", "[]", "{}", #"{"schemaVersion": 2}"#, #"{"schemaVersion": 2, "manifests": {}}"#,
            #"{"schemaVersion": 2, "manifests": [], "manifests": []}"#,
            #"{"schemaVersion": 2, "manifests": [{"mediaType": "a/b", "digest": "sha256:../..", "size": 1}]}"#,
            #"{"schemaVersion": 2, "manifests": [], "layers": []}"#,
        ])
    func `an invalid index is rejected, and not replaced`(text: String) async throws {
        try await image.push(to: store, as: "1.0")
        try folder.write(text, to: "layout/index.json")
        await #expect(throws: ContentError.self) { _ = try await store.resolve(.tag("1.0")) }
        await #expect(throws: ContentError.self) { _ = try await store.tags() }
        await #expect(throws: ContentError.self) {
            try await store.push(manifest: image.root, as: .tag("1.1"))
        }
        #expect(folder.text("layout/index.json") == text)
    }

    @Test func `an endless index is not read`() async throws {
        try await image.push(to: store, as: "1.0")
        try folder.write(
            [UInt8](repeating: UInt8(ascii: " "), count: RawManifest.maximumSize + 1),
            to: "layout/index.json")
        await #expect(throws: FileError.self) { _ = try await store.resolve(.tag("1.0")) }
    }

    @Test func `a layout with an unknown version is not written`() async throws {
        try await image.push(to: store, as: "1.0")
        try folder.write(#"{"imageLayoutVersion": "2.0.0"}"#, to: "layout/oci-layout")
        await #expect(throws: ContentError.self) { try await image.push(to: store, as: "1.1") }
    }

    @Test(
        arguments: [
            (nil, "no such directory"), ("directory", "no index.json"),
            ("file", "not a directory"), ("[", "is not an image index"),
            (#"{"schemaVersion": 2, "manifests": [{"mediaTy"#, "is not an image index"),
            (#"{"name": "a-web-project"}"#, "is not an image index"),
        ])
    func `a directory that is not a layout is an error`(
        content: String?, reason: String
    ) async throws {
        if let content, content != "file" { try Directory.create(folder("layout")) }
        switch content {
        case nil: break
        case "directory": try folder.write("x", to: "layout/readme")
        case "file": try folder.write("x", to: "layout")
        case let index?: try folder.write(index, to: "layout/index.json")
        }
        let digest = ManifestName.digest(image.digest)
        let questions: [() async throws -> Void] = [
            { _ = try await store.resolve(.tag("1.0")) }, { _ = try await store.resolve(digest) },
            { _ = try await store.tags() },
        ]
        for question in questions {
            let failure = try #require(
                await #expect(throws: (any Error).self) { try await question() }
                    as? any ContentFailure)
            #expect(failure.failureClass == .unavailable)
            #expect(failure.description.contains(reason))
            #expect((failure.hint?.contains("docker-archive:") ?? false) == (content == "file"))
        }
        await #expect(throws: (any Error).self) {
            _ = try await store.fetch(manifest: image.root.descriptor)
        }
    }

    @Test func `a target that does not exist yet has no tags`() async throws {
        #expect(try await store.currentDescriptor(of: .tag("1.0")) == nil)
        #expect(try await store.currentDescriptor(of: .digest(image.digest)) == nil)
        try await image.push(to: store, as: "1.0")
        #expect(try await store.currentDescriptor(of: .tag("1.0"))?.digest == image.digest)
        #expect(try await store.currentDescriptor(of: .tag("1.1")) == nil)
    }
}

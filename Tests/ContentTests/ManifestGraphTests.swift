// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import OCI
import RegistryTestSupport
import AsyncPrimitives
import Testing

@Suite(.timeLimit(.minutes(10))) struct ManifestGraphTests {
    private let builder = ImageBuilder()

    /// Counts how often each manifest is read.
    private final class CountingSource: ContentSource {
        let location = StoreLocation.layout(directory: "counted")
        private let manifests: [Digest: RawManifest]
        private let counts = Mutex<[Digest: Int]>([:])

        init(_ images: BuiltImage...) {
            manifests = Dictionary(
                images.flatMap(\.manifests).map { ($0.descriptor.digest, $0) }
            ) { first, _ in first }
        }

        var reads: [Digest: Int] { counts.withLock { $0 } }

        func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
            counts.withLock { $0[descriptor.digest, default: 0] += 1 }
            guard let manifest = manifests[descriptor.digest] else {
                throw ContentError(.missing, "there is no \(descriptor.digest.short)")
            }
            // As registries do: their headers may state another size.
            return try RawManifest(verifyingDigestOf: manifest.bytes, hint: descriptor)
        }

        func resolve(_ name: ManifestName) async throws -> Descriptor? { nil }
        func fetch(blob descriptor: Descriptor) async throws -> ByteStream { BytesInMemory([]) }
        func exists(blob descriptor: Descriptor) async throws -> Bool { false }
        func tags() async throws -> [OCI.Tag] { [] }
    }

    private static func failure(
        _ image: BuiltImage, limits: ManifestGraph.Limits = .init()
    ) async -> FailureClass? {
        do {
            _ = try await ManifestGraph.read(
                from: image.root, in: CountingSource(image), limits: limits)
            return nil
        } catch {
            return (error as? any ContentFailure)?.failureClass
        }
    }

    @Test func `contains each manifest once, children first, the root last`() async throws {
        let image = builder.multiPlatform([.linuxAMD64, .linuxARM64], seed: 1)
        let source = CountingSource(image)
        let graph = try await ManifestGraph.read(from: image.root, in: source)
        #expect(
            graph.nodes.map { .of($0.raw.bytes) } == image.manifests.map(\.descriptor.digest))
        #expect(graph.root.descriptor.digest == image.digest)
        #expect(Set(graph.blobs.map(\.digest)) == Set(image.blobs.keys))
        #expect(graph.blobs.count == image.blobs.count, "the shared base layer is listed once")
        for manifest in image.manifests {
            let digest = manifest.descriptor.digest
            #expect(graph[digest]?.descriptor.digest == digest)
        }
        #expect(source.reads[image.digest] == nil, "the root is not read again")
    }

    @Test func `a single image is a graph of one`() async throws {
        let image = builder.image(layers: [.tar([.file("/a", "a")])])
        let graph = try await ManifestGraph.read(from: image.root, in: CountingSource(image))
        #expect(graph.nodes.map(\.descriptor.digest) == [image.digest])
        #expect(graph.blobs.count == 2)
    }

    @Test func `children that are shared or listed twice are read once`() async throws {
        let leaf = builder.image(layers: [.tar([.file("/a", "a")])])
        let low = builder.index([.image(leaf)])
        // The leaf is listed beside the index that lists it, and twice.
        let root = builder.index([.image(leaf), .unlabelled(low), .unlabelled(leaf)])
        let source = CountingSource(root)
        let graph = try await ManifestGraph.read(from: root.root, in: source)
        #expect(source.reads == [leaf.digest: 1, low.digest: 1])
        #expect(graph.nodes.map(\.descriptor.digest) == [leaf.digest, low.digest, root.digest])
    }

    @Test func `an index that is both a parent and a sibling of another index`()
        async throws
    {
        let leaf = builder.image(layers: [.tar([.file("/a", "a")])])
        let low = builder.index([.image(leaf)])
        let middle = builder.index([.unlabelled(low)])
        let root = builder.index([.unlabelled(low), .unlabelled(middle)])
        let graph = try await ManifestGraph.read(from: root.root, in: CountingSource(root))
        #expect(
            graph.nodes.map(\.descriptor.digest)
                == [leaf.digest, low.digest, middle.digest, root.digest])
    }

    @Test func `nesting is limited`() async throws {
        var image = builder.image(layers: [.tar([.file("/a", "a")])])
        for depth in 1...6 {
            let failure = await Self.failure(image)
            #expect(failure == (depth <= 4 ? nil : .invalid), "depth \(depth)")
            image = builder.index([.unlabelled(image)])
        }
    }

    @Test func `the number of manifests is limited`() async throws {
        let images = (1...5).map {
            builder.image(layers: [.tar([.file("/number", "\($0)")])])
        }
        var limits = ManifestGraph.Limits()
        limits.count = 5
        let four = builder.index(images.prefix(4).map { .unlabelled($0) })
        #expect(await Self.failure(four, limits: limits) == nil)
        let five = builder.index(images.map { .unlabelled($0) })
        let source = CountingSource(five)
        await #expect(throws: ContentError.self) {
            _ = try await ManifestGraph.read(from: five.root, in: source, limits: limits)
        }
        #expect(
            source.reads.isEmpty, "an index that lists too many is rejected before they are read")
    }

    @Test func `a child of another size than the index states is rejected`() async throws {
        let leaf = builder.image(layers: [.tar([.file("/a", "a")])])
        let index = builder.index([.image(leaf, statedSize: leaf.root.bytes.count - 1)])
        await #expect(throws: IntegrityError.self) {
            try await ManifestGraph.read(from: index.root, in: CountingSource(index))
        }
    }

    @Test func `the total size of manifests is limited`() async throws {
        let index = builder.multiPlatform(seed: 1)
        let weight = index.manifests.reduce(0) { $0 + $1.descriptor.size }
        var limits = ManifestGraph.Limits()
        limits.bytes = weight
        #expect(await Self.failure(index, limits: limits) == nil)
        limits.bytes = weight - 1
        let source = CountingSource(index)
        await #expect(throws: ContentError.self) {
            _ = try await ManifestGraph.read(from: index.root, in: source, limits: limits)
        }
        #expect(source.reads.isEmpty, "nothing is read for an index that is too large")
    }

    // Only one of the entries would be verified; a client may use the other.
    @Test func `a child with two different descriptors is rejected`() async throws {
        let leaf = builder.image(layers: [.tar([.file("/a", "a")])])
        let sizes = builder.index([.image(leaf), .image(leaf, statedSize: 3)])
        #expect(await Self.failure(sizes) == .invalid)
        let entries = [MediaType.ociManifest, .dockerManifest].map {
            #"{"mediaType":"\#($0)","digest":"\#(leaf.digest)","size":\#(leaf.root.bytes.count)}"#
        }
        let types = RawManifest(
            describing: Array(
                #"{"schemaVersion":2,"manifests":[\#(entries.joined(separator: ","))]}"#.utf8),
            as: .ociIndex)
        #expect(
            await Self.failure(BuiltImage(root: types, children: [leaf.root], blobs: [:]))
                == .invalid)
    }

    @Test(arguments: [(7, 7, nil), (7, 8, FailureClass.invalid)])
    func `a blob with two different sizes is rejected`(
        first: Int, second: Int, failure: FailureClass?
    ) async throws {
        let digest = Digest.of(Array("a layer".utf8))
        func entry(_ size: Int) -> String {
            #"{"mediaType":"application/octet-stream","digest":"\#(digest)","size":\#(size)}"#
        }
        let text =
            #"{"schemaVersion":2,"config":\#(entry(7)),"layers":[\#(entry(first)),\#(entry(second))]}"#
        let root = RawManifest(describing: Array(text.utf8), as: .ociManifest)
        #expect(await Self.failure(BuiltImage(root: root, blobs: [:])) == failure)
    }

    @Test func `indexes that list each other are read once each`() async throws {
        let image = builder.entangled(builder.multiPlatform())
        let source = CountingSource(image)
        let graph = try await ManifestGraph.read(from: image.root, in: source)
        #expect(graph.nodes.count == image.manifests.count)
        #expect(source.reads.values.allSatisfy { $0 == 1 })
        var placed: Set<Digest> = []
        for node in graph.nodes {
            #expect(
                Successors(of: node.manifest).manifests.allSatisfy { placed.contains($0.digest) })
            placed.insert(node.descriptor.digest)
        }
    }

    @Test func `the digests below a manifest need only the indexes`() async throws {
        for image in [
            builder.entangled(builder.multiPlatform()), builder.multiPlatform(),
            builder.image(layers: [.tar([.file("/a", "a")])]),
        ] {
            let source = CountingSource(image)
            let digests = try await ManifestGraph.digests(
                below: image.root.descriptor, in: source, only: { _ in nil })
            #expect(digests.count == image.manifests.count)
            #expect(Set(digests) == Set(image.manifests.map(\.descriptor.digest)))
            let indexes = image.manifests.map(\.descriptor).filter(\.mediaType.isIndex)
            #expect(
                source.reads == Dictionary(uniqueKeysWithValues: indexes.map { ($0.digest, 1) }))
        }
    }

    @Test func `the digests below a manifest have the limits of the graph`() async throws {
        var image = builder.multiPlatform()
        for _ in 0..<4 { image = builder.index([.unlabelled(image)]) }
        let source = CountingSource(image)
        let error = await #expect(throws: ContentError.self) {
            _ = try await ManifestGraph.digests(
                below: image.root.descriptor, in: source, only: { _ in nil })
        }
        #expect(error?.failureClass == .invalid)
        #expect(await Self.failure(image) == .invalid)
    }

    @Test func `the number of blobs is limited`() async throws {
        let image = builder.multiPlatform()
        var limits = ManifestGraph.Limits()
        limits.blobs = image.blobs.count
        #expect(await Self.failure(image, limits: limits) == nil)
        limits.blobs -= 1
        #expect(await Self.failure(image, limits: limits) == .invalid)
    }

    @Test func `a missing or corrupt child is an error`() async throws {
        let image = builder.multiPlatform(seed: 1)
        let child = image.manifests[0]
        #expect(await Self.failure(image.without(child.descriptor.digest)) == .missing)
        let lying = builder.index([
            .image(builder.image(layers: [.tar([.file("/a", "a")])]), statedSize: 3)
        ])
        #expect(await Self.failure(lying) == .integrity)
    }

    @Test func `an unsupported media type is rejected`() async throws {
        let schema1 = try MediaType(
            parsing: "application/vnd.docker.distribution.manifest.v1+prettyjws")
        for type in [schema1, .octetStream] {
            let bytes = Array(#"{"schemaVersion":1}"#.utf8)
            let root = RawManifest(describing: bytes, as: type)
            #expect(await Self.failure(BuiltImage(root: root, blobs: [:])) == .invalid)
            let index = RawManifest(
                describing: Array(
                    """
                    {"schemaVersion":2,"manifests":[{"mediaType":"\(type)",\
                    "digest":"\(root.descriptor.digest)","size":\(bytes.count)}]}
                    """.utf8), as: .ociIndex)
            #expect(
                await Self.failure(BuiltImage(root: index, children: [root], blobs: [:]))
                    == .invalid)
        }
    }

    @Test(
        arguments: [
            #"{"schemaVersion":2,"manifests":[],"layers":[]}"#, #"{"schemaVersion":2}"#,
            #"{"schemaVersion":2,"manifests":[],"manifests":[]}"#, "", "[]",
        ])
    func `ambiguous manifests are rejected`(text: String) async throws {
        let root = RawManifest(describing: Array(text.utf8), as: .ociIndex)
        #expect(await Self.failure(BuiltImage(root: root, blobs: [:])) == .invalid)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import AsyncPrimitives
import Testing

@testable import Mirroring

@Suite struct `Limits of referrers` {
    private let source: MemoryStore
    private let target: MemoryStore
    private let image = ImageBuilder().image(layers: [])

    init() throws {
        source = MemoryStore(at: .repository(try Repository(parsing: "a.example/app")))
        target = MemoryStore(at: .repository(try Repository(parsing: "b.example/app")))
    }

    private func publish(_ image: BuiltImage) async throws {
        for (digest, bytes) in image.blobs {
            let blob = Descriptor(mediaType: .octetStream, digest: digest, size: bytes.count)
            _ = try await source.push(blob: blob, expecting: .absent, mountingFrom: nil) {
                BytesInMemory(bytes)
            }
        }
        try await source.push(manifest: image.root, as: .digest(image.digest))
    }

    private func receipt(
        from source: (any ContentSource)? = nil, maximumCount: Int? = nil
    ) async throws -> ReferrerReceipt {
        let transfers = BlobTransfers(4, now: { .zero })
        let copier =
            maximumCount.map { ReferrerCopier(transfers: transfers, maximumCount: $0) }
            ?? ReferrerCopier(transfers: transfers)
        let receipts = try await copier.copy(
            referrersOf: [image.digest], from: source ?? self.source, to: [target])
        return try #require(receipts[target.location])
    }

    /// A source that lists referrers that it does not have.
    private final class HostileSource: ContentSource {
        let base: MemoryStore
        let listed: [Descriptor]
        let reads = Mutex(0)

        init(_ base: MemoryStore, listing listed: [Descriptor]) {
            self.base = base
            self.listed = listed
        }

        var location: StoreLocation { base.location }

        func resolve(_ name: ManifestName) async throws -> Descriptor? { nil }

        func fetch(manifest descriptor: Descriptor) async throws -> RawManifest {
            reads.withLock { $0 += 1 }
            return try await base.fetch(manifest: descriptor)
        }

        func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
            try await base.fetch(blob: descriptor)
        }

        func exists(blob descriptor: Descriptor) async throws -> Bool { false }

        func tags() async throws -> [OCI.Tag] { [] }

        func referrers(of subject: Digest) async throws -> [Descriptor]? { listed }
    }

    @Test func `three levels of referrers are copied`() async throws {
        try await publish(image)
        var subject = image
        for level in 1...5 {
            subject = ImageBuilder().artifact("a/b", "\(level)", about: subject.root.descriptor)
            try await publish(subject)
        }
        #expect(try await receipt().copied == 3)
    }

    @Test func `referrers above the limit are skipped with a warning`() async throws {
        try await publish(image)
        for number in 0..<8 {
            try await publish(
                ImageBuilder().artifact("a/b", "\(number)", about: image.root.descriptor))
        }
        let receipt = try await receipt(maximumCount: 5)
        #expect(receipt.copied == 5)
        #expect(receipt.warnings.count { $0.contains("more than 5 referrers") } == 1)
    }

    @Test func `referrers that cannot be copied count toward the limit`() async throws {
        try await publish(image)
        let artifact = ImageBuilder().artifact("a/b", "real", about: image.root.descriptor)
        try await publish(artifact)
        let missing = try (0..<100_000).map { number in
            let hex = String(number + 0x100_000, radix: 16)
            return Descriptor(
                mediaType: .ociManifest,
                digest: try Digest(
                    parsing: "sha256:" + hex + String(repeating: "0", count: 64 - hex.count)),
                size: 10)
        }
        let hostile = HostileSource(source, listing: missing + [artifact.root.descriptor])
        let receipt = try await receipt(from: hostile)
        #expect(receipt.copied == 0)
        #expect(hostile.reads.withLock { $0 } == 500)
        #expect(receipt.warnings.count == 501)
    }

    @Test func `a referrer that is listed many times is read once`() async throws {
        try await publish(image)
        let artifact = ImageBuilder().artifact("a/b", "real", about: image.root.descriptor)
        try await publish(artifact)
        let hostile = HostileSource(
            source, listing: Array(repeating: artifact.root.descriptor, count: 1000))
        let receipt = try await receipt(from: hostile)
        #expect(receipt.copied == 1)
        #expect(receipt.warnings.count == 1, "the artifact is listed as its own referrer")
    }
}

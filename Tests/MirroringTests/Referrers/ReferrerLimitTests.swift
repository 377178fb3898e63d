// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import Testing

@testable import Mirroring

@Suite struct ReferrerLimitTests {
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
            _ = try await source.push(blob: blob, mountingFrom: nil) { BytesInMemory(bytes) }
        }
        try await source.push(manifest: image.root, as: .digest(image.digest))
    }

    private var copy: ReferrerCopy {
        ReferrerCopy(
            copier: Copier(lanes: TransferLimiter(4), now: { .zero }), ledger: ReferrerTracker(),
            source: source, target: target)
    }

    @Test func `of referrers three levels are followed`() async throws {
        try await publish(image)
        var subject = image
        for level in 1...5 {
            subject = ImageBuilder().artifact("a/b", "\(level)", about: subject.root.descriptor)
            try await publish(subject)
        }
        #expect(try await copy.bring(referrersOf: [image.digest]).copied == 3)
    }

    @Test func `of an image so many referrers are copied, and the rest is told`() async throws {
        try await publish(image)
        for number in 0..<8 {
            try await publish(
                ImageBuilder().artifact("a/b", "\(number)", about: image.root.descriptor))
        }
        var copy = copy
        #expect(copy.maximumCount == 500)
        copy.maximumCount = 5
        let receipt = try await copy.bring(referrersOf: [image.digest])
        #expect(receipt.copied == 5)
        #expect(receipt.warnings.count { $0.contains("more referrers than are copied") } == 1)
    }
}

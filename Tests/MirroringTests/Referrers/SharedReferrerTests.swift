// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Content
import OCI
import RegistryTestSupport
import Testing

@testable import Mirroring

/// Referrers of content that two images of a run have in common.
@Suite(.timeLimit(.minutes(10))) struct `Referrers of a shared subject` {
    private static let image = ImageBuilder().multiPlatform(seed: 7)
    private static let sbom = ImageBuilder().artifact("a/sbom", "x", about: image.root.descriptor)

    private static func publish(in world: World) async throws {
        for tag in ["1.0", "1.1"] { try await world.publish(image, at: "a.example/app:\(tag)") }
        try await world.publish(sbom, at: "a.example/app")
    }

    @Test func `that cannot be copied are a warning of each image`() async throws {
        var mirror = try Mirror(["a.example/app:1.0", "a.example/app:1.1"])
        try await Self.publish(in: mirror.world)
        mirror.world.intercept { event, _ in
            guard event.operation == .fetchManifest(Self.sbom.digest) else { return }
            throw ContentError(.unavailable, "connection reset")
        }
        let run = try await mirror.sync()
        #expect(run.statuses == [.mirrored, .mirrored])
        for outcome in run.report.outcomes {
            #expect(outcome.referrerWarnings.count { $0.contains("connection reset") } == 1)
        }
    }

    @Test func `are copied by the second image if the first is canceled`() async throws {
        let world = World()
        try await Self.publish(in: world)
        let target = try world.store("mirror.example/m/app")
        try await world.publish(Self.image, at: "mirror.example/m/app:1.0")
        let waiting = AsyncCondition(0)
        let never = AsyncCondition(false)
        world.intercept { event, _ in
            guard event.operation == .fetchManifest(Self.sbom.digest) else { return }
            var isFirst = false
            waiting.change {
                $0 += 1
                isFirst = $0 == 1
            }
            if isFirst { _ = try await never.take { $0 ? true : nil } }
        }
        let source = try world.store("a.example/app")
        let copier = ReferrerCopier(transfers: BlobTransfers(4, now: { .zero }))
        let first = Task {
            try await copier.copy(referrersOf: [Self.image.digest], from: source, to: [target])
        }
        _ = try await waiting.take { $0 == 1 ? true : nil }
        let second = Task {
            try await copier.copy(referrersOf: [Self.image.digest], from: source, to: [target])
        }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        let receipt = try #require(try await second.value[target.location])
        #expect(receipt.copied == 1)
        #expect(receipt.warnings.isEmpty)
    }
}

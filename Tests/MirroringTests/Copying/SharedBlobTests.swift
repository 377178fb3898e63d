// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import AsyncPrimitives
import Testing

@testable import Mirroring

@Suite struct `A blob that two copies to the same target need` {
    private static let image = ImageBuilder().image(layers: [.random(size: 1000, seed: 1)])
    private static let target = "mirror.example/m/app"

    private static func copy(
        as tag: String, in world: World, _ transfers: BlobTransfers
    ) async throws -> ImageCopy {
        let source = try world.store("a.example/app")
        let graph = try await ManifestGraph.read(from: image.root, in: source)
        return ImageCopy(
            of: graph, for: tag, from: [source],
            to: [
                TargetCopy(
                    to: try world.store(target), as: .tag(try Tag(parsing: tag)), replacing: nil)
            ], transfers: transfers)
    }

    @Test func `is uploaded by the second copy if the first is canceled`() async throws {
        let world = World()
        try await world.publish(Self.image, at: "a.example/app:1.0")
        let (started, starts) = AsyncStream<Void>.makeStream()
        let count = Mutex(0)
        let layer = try #require(Self.image.layers.first)
        world.intercept { event, _ in
            guard event.operation == .pushBlob(layer) else { return }
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            guard isFirst else { return }
            starts.yield()
            // Ends only when the task is canceled.
            let (never, held) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            withExtendedLifetime(held) {}
            try Task.checkCancellation()
        }
        let transfers = BlobTransfers(4, now: { .zero })
        let copies = [
            try await Self.copy(as: "1", in: world, transfers),
            try await Self.copy(as: "2", in: world, transfers),
        ]
        let first = Task { try await copies[0].run() }
        for await _ in started { break }
        let second = Task { try await copies[1].run() }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        try await second.value
        #expect(copies[1].targets.allSatisfy { $0.failure == nil })
        let journal = world.takeJournal().map(\.operation)
        #expect(journal.count { $0 == .pushBlob(layer) } == 2)
        // The blob was pushed before the manifest, so the first push of the manifest was accepted.
        #expect(
            journal.count {
                $0 == .pushManifest(Self.image.digest, as: copies[1].targets[0].name)
            }
                == 1)
    }

    // Otherwise the image would be missing from the report, as if the run had been interrupted.
    @Test func `a canceled shared upload fails the image and is reported`() async throws {
        var mirror = try Mirror(["a.example/app:1.0"], settings: "referrers: none")
        try await mirror.world.publish(
            ImageBuilder().multiPlatform(), at: "a.example/app:1.0")
        mirror.world.intercept { event, _ in
            guard case .pushBlob = event.operation else { return }
            throw CancellationError()
        }
        let run = try await mirror.sync()
        #expect(run.statuses == [.failed])
        #expect(run.failures.allSatisfy { $0.failureClass == .unavailable })
    }
}

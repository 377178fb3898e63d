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

    private static func job(_ tag: String, in world: World) async throws -> CopyJob {
        let source = try world.store("a.example/app")
        let graph = try await ManifestGraph.read(from: image.root, in: source)
        return CopyJob(
            name: tag, graph: graph, configBlobs: [:], sources: [source],
            targets: [
                CopyJob.Target(
                    store: try world.store(target), name: .tag(try Tag(parsing: tag)),
                    current: nil, addsRetentionTag: false)
            ])
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
        let copier = Copier(limiter: TransferLimiter(4), now: { .zero })
        let jobs = [
            try await Self.job("1", in: world), try await Self.job("2", in: world),
        ]
        let first = Task { try await copier.copy(jobs[0]) }
        for await _ in started { break }
        let second = Task { try await copier.copy(jobs[1]) }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        for result in try await second.value.values { #expect(result.failure == nil) }
        let journal = world.takeJournal().map(\.operation)
        #expect(journal.count { $0 == .pushBlob(layer) } == 2)
        // The blob was pushed before the manifest, so the first push of the manifest was accepted.
        #expect(
            journal.count {
                $0 == .pushManifest(Self.image.digest, as: jobs[1].targets[0].name)
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

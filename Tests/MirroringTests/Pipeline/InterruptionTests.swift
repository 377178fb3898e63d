// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing
import AsyncPrimitives

/// Whichever operation fails, and whenever a run ends: no tag points to incomplete content, and the
/// next run uploads only what is missing.
@Suite struct InterruptionTests {
    enum Kind: CaseIterable {
        /// One operation fails, the others succeed.
        case oneFailure
        /// From one operation on, every operation fails, as after `kill -9`.
        case everythingAfter

        func hits(_ number: Int, _ first: Int) -> Bool {
            self == .oneFailure ? number == first : number >= first
        }
    }

    /// Two images that share a layer, one of them new under a tag that exists at the targets.
    private static func mirror() async throws -> (Mirror, old: BuiltImage, images: [BuiltImage]) {
        let builder = ImageBuilder(spelling: .odd)
        let shared = Layer.random(size: 64, seed: 9)
        let images = [1, 2].map { seed in
            builder.index(
                [Platform.linuxAMD64, .linuxARM64].map {
                    .image(
                        builder.image($0, layers: [shared, .random(size: 9, seed: UInt64(seed))]))
                }, annotations: ["seed": "\(seed)"])
        }
        let old = builder.multiPlatform(seed: 77)
        let mirror = try Mirror(
            ["a.example/app:1.0", "b.example/tool:2.0"], to: ["one.example/m", "two.example/m"],
            settings: "referrers: none")
        try await mirror.world.publish(images[0], at: "a.example/app:1.0")
        try await mirror.world.publish(images[1], at: "b.example/tool:2.0")
        for target in ["one", "two"] {
            try await mirror.world.publish(old, at: "\(target).example/m/app:1.0")
        }
        return (mirror, old, images)
    }

    private static let targets = [
        "one.example/m/app", "one.example/m/tool", "two.example/m/app", "two.example/m/tool",
    ]

    @Test(arguments: Kind.allCases, [FailureClass.unavailable, .missing])
    func `a failure of any operation leaves every tag complete, and the next run finishes the copy`(
        _ kind: Kind, _ failureClass: FailureClass
    ) async throws {
        var first = 1
        while first < 1000 {
            var (mirror, old, images) = try await Self.mirror()
            let world = mirror.world
            let hit = Mutex(false)
            let broken = first
            world.intercept { _, number in
                guard kind.hits(number, broken) else { return }
                hit.withLock { $0 = true }
                throw ContentError(failureClass, "operation \(number) fails")
            }
            let interrupted = try await mirror.sync()
            world.intercept { _, _ in }
            guard hit.withLock({ $0 }) else { break }

            var held: [StoreLocation: Set<Digest>] = [:]
            for name in Self.targets {
                let store = try world.store(name)
                #expect(try await store.memory.isWhole(), "operation \(broken)")
                held[store.location] = store.memory.digests
            }
            for target in ["one", "two"] {
                let now = try await mirror.digest("\(target).example/m/app:1.0")
                #expect(now == old.digest || now == images[0].digest, "operation \(broken)")
            }
            _ = world.takeJournal()

            let next = try await mirror.sync()
            #expect(next.isDone, "operation \(broken)")
            for event in world.takeJournal() {
                switch event.operation {
                case .pushBlob(let digest), .mounted(let digest, _),
                    .pushManifest(let digest, as: .digest):
                    #expect(held[event.location]?.contains(digest) == false, "operation \(broken)")
                default: break
                }
            }
            for target in ["one", "two"] {
                #expect(
                    try await mirror.digest("\(target).example/m/app:1.0") == images[0].digest)
                #expect(
                    try await mirror.digest("\(target).example/m/tool:2.0") == images[1].digest)
            }
            #expect(try mirror.lock(0).images.count == 2)
            #expect(try mirror.lock(1).images.count == 2)
            if kind == .everythingAfter {
                #expect(!interrupted.isDone)
            }
            first += 1
        }
        // Such a run has about sixty operations.
        #expect(first > 50 && first < 1000)
    }

    @Test func `a cancelled run reports the finished images`() async throws {
        var mirror = try Mirror(["a.example/app:1.0", "b.example/slow:1.0", "c.example/tool:1.0"])
        for (number, name) in ["a.example/app", "b.example/slow", "c.example/tool"].enumerated() {
            try await mirror.world.publish(
                ImageBuilder().multiPlatform(seed: UInt64(number)), at: "\(name):1.0")
        }
        let slow = try mirror.world.store("b.example/slow").location
        let never = AsyncCondition(false)
        mirror.world.intercept { event, _ in
            guard event.location == slow, case .fetchBlob = event.operation else { return }
            try await never.take { $0 ? true : nil }
        }
        // Cancels once the other two images are finished, independent of a clock.
        let finished = AsyncCondition(0)
        let (configuration, resolver) = (mirror.configuration, mirror.resolver)
        let plan = try await mirror.plan()
        let run = Task {
            await Syncer(resolver: resolver, jobs: 4, scanner: Mirror.scanner) { event in
                if case .finished = event { finished.change { $0 += 1 } }
            }.sync(plan)
        }
        try await finished.take { $0 == 2 ? true : nil }
        run.cancel()
        let report = await run.value
        #expect(report.wasInterrupted)
        #expect(report.outcomes.map(\.image.id) == ["app", "tool"])
        #expect(report.outcomes.map(\.status) == [.mirrored, .mirrored])
        let update = LockUpdate(
            from: nil, for: configuration.targets[0], plan: plan, report: report,
            configuration: configuration)
        #expect(update.lock.images.keys.sorted() == ["app", "tool"])
        #expect(try await mirror.digest("mirror.example/m/slow:1.0") == nil)

        mirror.world.intercept { _, _ in }
        #expect(try await mirror.sync().isDone)
    }

    private struct Unexpected: Error {}

    @Test(arguments: [true, false])
    func `an error of one image never counts as an interruption of the run`(
        isCancellation: Bool
    ) async throws {
        var mirror = try Mirror(["a.example/app:1.0", "b.example/tool:1.0"])
        for (number, name) in ["a.example/app", "b.example/tool"].enumerated() {
            try await mirror.world.publish(
                ImageBuilder().multiPlatform(seed: UInt64(number)), at: "\(name):1.0")
        }
        let broken = try mirror.world.store("a.example/app").location
        mirror.world.intercept { event, _ in
            guard event.location == broken else { return }
            throw isCancellation ? CancellationError() : Unexpected()
        }
        let run = try await mirror.sync()
        #expect(!run.report.wasInterrupted)
        #expect(run.statuses == [.failed, .mirrored])
        #expect(run.report.outcomes.first?.failures.first?.failureClass == .unavailable)
    }

    @Test func `a run that was not cancelled is not interrupted, whatever failed`() async throws {
        var mirror = try Mirror(["a.example/gone:1.0"])
        let run = try await mirror.sync()
        #expect(!run.report.wasInterrupted)
        #expect(run.statuses == [.missing])
    }
}

// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import AsyncPrimitives
import Testing

@testable import Mirroring

/// Another client writes the same tag while an image is copied.
@Suite(.timeLimit(.minutes(10))) struct MovedTagTests {
    private static let ours = ImageBuilder().multiPlatform(seed: 1)
    private static let theirs = ImageBuilder().multiPlatform(seed: 2)
    private static let name = "mirror.example/m/app:1.0"

    /// A clock that advances by a fixed step each time it is read.
    private final class Clock: Sendable {
        private let time = Mutex(Duration.zero)
        private let step: Duration

        init(step: Duration) { self.step = step }

        func now() -> Duration {
            time.withLock { time in
                time += step
                return time
            }
        }
    }

    /// Mirrors an image whose tag is moved at the target during the copy.
    private func sync(
        taking time: Duration, others: BuiltImage
    ) async throws -> (Mirror, Mirror.Run) {
        var mirror = try Mirror(["a.example/app:1.0"], to: ["mirror.example/m"])
        let world = mirror.world
        try await world.publish(Self.ours, at: "a.example/app:1.0")
        let target = try world.store("mirror.example/m/app").location
        let moved = Clock(step: .seconds(1))
        world.intercept { event, _ in
            guard event.location == target, event.operation.isPush, moved.now() == .seconds(1)
            else {
                return
            }
            try await world.publish(others, at: Self.name)
        }
        let clock = Clock(step: time)
        return (mirror, try await mirror.sync(now: { clock.now() }))
    }

    @Test func `G13 a tag that another client moved during a long copy is left alone`() async throws
    {
        let (mirror, run) = try await sync(taking: .seconds(61), others: Self.theirs)
        #expect(run.statuses == [.failed])
        #expect(try await mirror.digest(Self.name) == Self.theirs.digest)
        let failure = try #require(run.report.outcomes[0].targets[0].failure)
        #expect(failure.role == .target)
        #expect(failure.message.contains("the tag 1.0 changed"))
    }

    @Test
    func `G13 a tag that another run of ocimirror moved to the same digest causes no conflict`()
        async throws
    {
        let (mirror, run) = try await sync(taking: .seconds(61), others: Self.ours)
        #expect(run.statuses == [.mirrored])
        #expect(try await mirror.digest(Self.name) == Self.ours.digest)
    }

    @Test func `G13 a short copy causes no additional request`() async throws {
        let (mirror, run) = try await sync(taking: .seconds(1), others: Self.theirs)
        #expect(run.statuses == [.mirrored])
        #expect(try await mirror.digest(Self.name) == Self.ours.digest)
    }
}

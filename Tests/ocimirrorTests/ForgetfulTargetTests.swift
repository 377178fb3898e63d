// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Targets with false responses.
@Suite(.timeLimit(.minutes(10))) struct ForgetfulTargetTests {
    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()
    private let first: BuiltImage
    private let second: BuiltImage

    init() {
        let builder = ImageBuilder()
        let base = Layer.random(size: 100_000, seed: 1)
        func image(_ seed: UInt64) -> BuiltImage {
            builder.index(
                [.linuxAMD64, .linuxARM64].map { platform in
                    .image(
                        builder.image(
                            platform,
                            layers: [base, .tar([.file("/bin/app", "\(platform) \(seed)")])]))
                })
        }
        first = image(1)
        second = image(2)
        source.publish(first, repository: "first", tag: "1.0")
        source.publish(second, repository: "second", tag: "1.0")
    }

    private func sync() async throws -> Run {
        let workspace = try Workspace(
            Mirror(
                from: ["\"\(source.host)/first:1.0\"", "\"\(source.host)/second:1.0\""],
                to: "\(target.host)/mirror", plain: [source.host, target.host]
            ).text)
        return try await workspace.run("sync")
    }

    private func expectBoth(_ run: Run) {
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/first") == ["1.0": first.digest])
        #expect(target.tags(of: "mirror/second") == ["1.0": second.digest])
        #expect(target.violations.isEmpty)
    }

    @Test func `G02 a mount that did not happen is detected before a manifest references it`()
        async throws
    {
        let lie = target.inject(
            .on(
                .post, "/blobs/uploads/", where: { $0.parameter("mount") != nil }, .answer(201)))
        expectBoth(try await sync())
        #expect(lie.fired > 0)
    }

    @Test(arguments: 1...3)
    func `G03 a blob that is lost after it was stored is uploaded again`(blob: Int) async throws {
        let loss = target.inject(
            .on(
                .put, "/blobs/uploads/*", hits: blob...blob,
                .loseBlob))
        expectBoth(try await sync())
        #expect(loss.fired == 1)
    }

    @Test func `G03 a blob that is always lost fails its images, and no manifest references it`()
        async throws
    {
        target.inject(.on(.put, "/mirror/first/blobs/uploads/*", .loseBlob))
        let run = try await sync()
        #expect(run.status == 2, "\(run.said)")
        #expect(target.tags(of: "mirror/first").isEmpty)
        #expect(target.tags(of: "mirror/second") == ["1.0": second.digest])
        #expect(target.violations.isEmpty)
    }

    @Test func `G16 a full target fails only the images that it cannot store`()
        async throws
    {
        target.inject(.on(.put, "/mirror/first/manifests/*", .answer(507)))
        let run = try await sync()
        #expect(run.status == 2, "\(run.said)")
        #expect(run.said.contains("507"))
        #expect(target.tags(of: "mirror/first").isEmpty)
        #expect(target.tags(of: "mirror/second") == ["1.0": second.digest])
    }
}

// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// `copy: required`.
@Suite(.timeLimit(.minutes(10))) struct `a copy of the required platforms` {
    private let source = LoopbackRegistry()
    private let image: BuiltImage
    private let other: BuiltImage

    init() {
        let builder = ImageBuilder()
        func image(_ platform: Platform) -> BuiltImage {
            builder.image(platform, layers: [.tar([.file("/bin/app", "\(platform)")])])
        }
        let amd64 = image(.linuxAMD64)
        other = image(Platform(os: "linux", architecture: "s390x"))
        self.image = builder.index([
            .image(amd64), .image(image(.linuxARM64)), .image(other), .attestation(of: amd64),
            .attestation(of: other),
        ])
        source.publish(self.image, repository: "app", tag: "1.0")
    }

    private func workspace(_ host: String) throws -> Workspace {
        try Workspace(
            Mirror(
                from: ["\"\(source.host)/app:1.0\""], to: "\(host)/mirror",
                plain: [source.host, host], further: ["copy: required", "referrers: none"]
            ).text)
    }

    @Test func `has the unchanged index, and no content of other platforms`() async throws {
        var traits = RegistryTraits()
        traits.checksReferences = false
        let target = LoopbackRegistry(traits)
        let workspace = try workspace(target.host)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        let there = target.manifests(of: "mirror/app")
        #expect(there[image.digest]?.bytes == image.root.bytes)
        #expect(there.count == 4, "the index, two platforms, the attestation of one of them")
        #expect(there[other.digest] == nil)
        #expect(source.requests.count(of: .manifestGet) == 4, "what is not copied is not read")
        let verify = try await workspace.run("verify")
        #expect(verify.status == 0, "\(verify.said)")
        let again = try await workspace.run("sync")
        #expect(again.output.contains("1 unchanged"), "\(again.said)")
    }

    @Test func `is rejected by docker-registry, with a hint`() async throws {
        let target = try await DockerRegistry.start()
        let run = try await workspace(target.host).run("sync")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("does not accept sparse indexes"), "\(run.said)")
        #expect(run.output.contains("copy: all"))
    }
}

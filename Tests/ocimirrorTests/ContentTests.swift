// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Proof of content with the whole program: what is in the layers decides.
@Suite struct ContentTests {
    /// Each platform's program, and a layer of one mebibyte that both share.
    private static func image(_ programs: [ELFFile]) -> BuiltImage {
        let data = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let base = Layer.gzip([.file("usr/share/data", data, mode: 0o644)])
        let builder = ImageBuilder()
        let platforms = [Platform.linuxAMD64, .linuxARM64]
        return builder.index(
            zip(platforms, programs).map { platform, program in
                .image(
                    builder.image(
                        platform,
                        layers: [base, .gzip([.file("usr/bin/app", program.bytes)])],
                        settings: .init(entrypoint: ["app"])))
            })
    }

    private static func workspace(
        from source: LoopbackRegistry, _ entry: String, to target: DockerRegistry
    ) throws -> Workspace {
        let text = Mirror(
            from: ["{source: \"\(source.host)/app:1.0\", \(entry)}"],
            to: "\(target.host)/mirror", plain: [source.host, target.host]
        ).text
        return try Workspace(text)
    }

    @Test func `a first sync proves the contents and reads every blob once`() async throws {
        let image = Self.image([.amd64, .arm64])
        let source = LoopbackRegistry()
        source.publish(image, repository: "app", tag: "1.0")
        let target = try await DockerRegistry.start()
        let workspace = try Self.workspace(from: source, "proof: content", to: target)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(workspace.lock.contains("\n        proof: content\n"))
        let reads = source.requests.filter { $0.method == .get && $0.path.contains("/blobs/") }
        #expect(reads.count == image.blobs.count)
        let again = try await workspace.run("sync")
        #expect(again.output.contains("unchanged"), "\(again.said)")
    }

    @Test func `a swapped program is caught, and no tag appears`() async throws {
        let image = Self.image([.arm64, .arm64])
        let source = LoopbackRegistry()
        source.publish(image, repository: "app", tag: "1.0")
        let target = try await DockerRegistry.start()
        let workspace = try Self.workspace(from: source, "proof: content", to: target)
        let run = try await workspace.run("sync")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("content-mismatch"))
        #expect(run.output.contains("the linux/amd64 image would run /usr/bin/app"))
        #expect(!target.requests.contains { $0.method == .put && $0.path.contains("/manifests/") })
    }

    @Test(arguments: [("app, /usr/share/data", Int32(0)), ("nc", 1)])
    func `what an entry requires decides`(_ paths: String, _ status: Int32) async throws {
        let source = LoopbackRegistry()
        source.publish(Self.image([.amd64, .arm64]), repository: "app", tag: "1.0")
        let target = try await DockerRegistry.start()
        let workspace = try Self.workspace(
            from: source, "proof: index, requires: [\(paths)]", to: target)
        let run = try await workspace.run("sync")
        #expect(run.status == status, "\(run.said)")
    }

    @Test(arguments: [false, true])
    func `check looks into the layers where it is asked to`(_ isSwapped: Bool) async throws {
        let source = LoopbackRegistry()
        source.publish(
            Self.image([.amd64, isSwapped ? .amd64 : .arm64]), repository: "app", tag: "1.0")
        let run = try await Workspace().run(
            "check", "--proof", "content", "--plain-http", source.host, "\(source.host)/app:1.0")
        #expect(run.status == (isSwapped ? 1 : 0), "\(run.said)")
        #expect(run.output.contains("content"), "\(run.said)")
    }
}

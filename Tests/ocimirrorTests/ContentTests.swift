// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Content validation with the whole program.
@Suite(.timeLimit(.minutes(10))) struct ContentTests {
    private static func workspace(
        from source: LoopbackRegistry, _ entry: String, to target: DockerRegistry
    ) throws -> Workspace {
        let text = Mirror(
            from: ["{source: \"\(source.host)/app:1.0\", \(entry)}"],
            to: "\(target.host)/mirror", plain: [source.host, target.host]
        ).text
        return try Workspace(text)
    }

    @Test func `a first sync validates the content and reads every blob once`() async throws {
        let image = BuiltImage.running([.amd64, .arm64])
        let source = LoopbackRegistry()
        source.publish(image, repository: "app", tag: "1.0")
        let target = try await DockerRegistry.start()
        let workspace = try Self.workspace(from: source, "validation: content", to: target)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(workspace.lock.contains("\n        validation: content\n"))
        let reads = source.requests.filter { $0.method == .get && $0.path.contains("/blobs/") }
        #expect(reads.count == image.blobs.count)
        let again = try await workspace.run("sync")
        #expect(again.output.contains("unchanged"), "\(again.said)")
    }

    @Test func `a wrong program is detected, and no tag is pushed`() async throws {
        let image = BuiltImage.running([.arm64, .arm64])
        let source = LoopbackRegistry()
        source.publish(image, repository: "app", tag: "1.0")
        let target = try await DockerRegistry.start()
        let workspace = try Self.workspace(from: source, "validation: content", to: target)
        let run = try await workspace.run("sync")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("content-mismatch"))
        #expect(run.output.contains("linux/amd64: entrypoint /usr/bin/app"))
        #expect(!target.requests.contains { $0.method == .put && $0.path.contains("/manifests/") })
    }

    @Test(arguments: [("app, /usr/share/data", Int32(0)), ("nc", 1)])
    func `required paths are validated`(_ paths: String, _ status: Int32) async throws {
        let source = LoopbackRegistry()
        source.publish(BuiltImage.running([.amd64, .arm64]), repository: "app", tag: "1.0")
        let target = try await DockerRegistry.start()
        let workspace = try Self.workspace(
            from: source, "validation: index, requires: [\(paths)]", to: target)
        let run = try await workspace.run("sync")
        #expect(run.status == status, "\(run.said)")
    }

    @Test func `check scans the layers and reports findings`() async throws {
        let source = LoopbackRegistry()
        let image = BuiltImage.running([.amd64, .amd64])
        source.publish(image, repository: "app", tag: "1.0")
        source.publish(BuiltImage.running([.amd64, .arm64]), repository: "app", tag: "1.1")
        let run = try await Workspace().run(
            "check", "--jobs", "1", "--plain-http", source.host, "\(source.host)/app:1.0")
        #expect(run.status == 1, "\(run.said)")
        // The shared base is read, because the other platform needs it.
        #expect(run.output.contains("content ok"), "\(run.said)")
        #expect(run.output.contains("content failed"), "\(run.said)")
        #expect(run.output.contains("linux/arm64: entrypoint /usr/bin/app"))
        #expect(run.output.contains("FAIL: image rejected for linux/arm64\n"))
        let said = try await Workspace().run(
            "check", "--validation", "config", "--plain-http", source.host, "\(source.host)/app:1.0"
        )
        #expect(said.status == 0, "\(said.said)")
    }

    @Test func `check does not read the layers that cannot change the result`() async throws {
        let source = LoopbackRegistry()
        let image = BuiltImage.running([.arm64, .amd64])
        source.publish(image, repository: "app", tag: "1.0")
        let run = try await Workspace().run(
            "check", "--jobs", "1", "--plain-http", source.host, "\(source.host)/app:1.0")
        #expect(run.status == 1, "\(run.said)")
        for platform in ["linux/amd64", "linux/arm64"] {
            #expect(run.output.contains("\(platform): entrypoint /usr/bin/app"), "\(run.said)")
        }
        #expect(!run.output.contains("content ok"), "\(run.said)")
        // The programs are in the newest layers, and the base of 1 MiB could not change them.
        let base = try #require(image.blobs.max { $0.value.count < $1.value.count }?.key)
        #expect(!source.requests.contains { $0.path.hasSuffix(base.description) })
    }

    @Test func `check receives the exit status of its scans, even if its parent ignored SIGCHLD`()
        async throws
    {
        let source = LoopbackRegistry()
        source.publish(BuiltImage.running([.amd64, .arm64]), repository: "app", tag: "1.0")
        let output = try await Workspace().shell(
            "env --ignore-signal=CHLD '\(Workspace.program)' check --plain-http \(source.host) "
                + "\(source.host)/app:1.0")
        #expect(output.contains("content ok"), "\(output)")
    }
}

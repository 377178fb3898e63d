// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

/// Newer versions of the mirrored tags.
@Suite(.timeLimit(.minutes(10))) struct `outdated` {
    private static func workspace(_ source: LoopbackRegistry) throws -> Workspace {
        let image = ImageBuilder().multiPlatform(seed: 1)
        for tag in ["1.2.3", "1.2.4", "1.3.0", "2.0.0", "1.4.0-alpine", "latest"] {
            source.publish(image, repository: "web", tag: tag)
        }
        source.publish(image, repository: "worker", tag: "1.0")
        source.publish(image, repository: "floating", tag: "latest")
        let mirror = Mirror(
            from: ["web:1.2.3", "worker:1.0"].map { "\(source.host)/\($0)" },
            to: "registry.example.com/mirror", plain: [source.host])
        return try Workspace(
            mirror.text + "  - {source: \"\(source.host)/floating:latest\", floating: true}\n")
    }

    @Test func `newer versions are listed, and the tags of a source once`() async throws {
        let source = LoopbackRegistry()
        let workspace = try Self.workspace(source)
        let run = try await workspace.run("outdated")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("1.2.4 (patch), 1.3.0 (minor), 2.0.0 (major)\n"))
        #expect(!run.output.contains("worker"))
        #expect(
            run.output.hasSuffix(
                "1 image with a newer version, 1 up to date, 1 not compared\n"), "\(run.said)")
        #expect(source.requests.allSatisfy { $0.method == .get && $0.path.contains("/tags/list") })
        #expect(source.requests.count == 2)
        #expect(try await workspace.run("outdated", "--check").status == 1)
        #expect(try await workspace.run("outdated", "--check", "worker").status == 0)
    }

    @Test func `the JSON document has the newest tag of each level`() async throws {
        let source = LoopbackRegistry()
        let document = try await Self.workspace(source).run("outdated", "--json").json
        #expect(!source.requests.isEmpty)
        #expect(
            document.keys == ["schema", "command", "exitCode", "findings", "images", "problems"])
        let images = document["images"]?.elements ?? []
        #expect(images.map { $0["status"] } == ["outdated", "current", "not-compared"])
        #expect(
            images.first?.keys == [
                "id", "source", "tag", "status", "patch", "minor", "major", "reason", "failure",
            ])
        #expect(images.first?["minor"] == "1.3.0")
    }

    @Test func `a missing repository and an unknown id are errors`() async throws {
        let source = LoopbackRegistry()
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/gone:1.0"], to: "registry.example.com/mirror",
                plain: [source.host]
            ).text)
        let run = try await workspace.run("outdated")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("missing"), "\(run.said)")
        #expect(try await workspace.run("outdated", "nothing").status == 64)
    }
}

// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Sharded runs.
@Suite(.timeLimit(.minutes(10))) struct `a sharded run` {
    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()
    private let names = (1...6).map { "app-\($0)" }

    private func workspace() throws -> Workspace {
        try Workspace(mirroring: names, from: source, to: target)
    }

    @Test func `produces the same lock file as a single run`() async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        let whole = workspace.lock
        try await workspace.shell("rm images.lock.yaml")
        source.forgetRequests()
        for number in 1...3 {
            let run = try await workspace.run("sync", "--shard", "\(number)/3")
            #expect(run.status == 0, "\(run.said)")
        }
        #expect(source.requests.count(of: .manifestHead) == names.count, "each image once")
        #expect(workspace.lock.isEmpty)
        let merge = try await workspace.run(
            "lock", "merge", "images.lock.yaml", "images.lock.1-of-3.yaml",
            "images.lock.2-of-3.yaml", "images.lock.3-of-3.yaml")
        #expect(merge.status == 0, "\(merge.said)")
        #expect(merge.output == "images.lock.yaml written, 6 images\n")
        #expect(workspace.lock == whole)

        // A run without changes.
        for number in 1...3 { _ = try await workspace.run("sync", "--shard", "\(number)/3") }
        let again = try await workspace.run(
            "lock", "merge", "images.lock.yaml", "images.lock.1-of-3.yaml",
            "images.lock.2-of-3.yaml", "images.lock.3-of-3.yaml")
        #expect(again.output == "images.lock.yaml unchanged, 6 images\n")
    }

    @Test func `requires a shard lock file`() async throws {
        let run = try await Workspace().run("lock", "merge", "images.lock.yaml")
        #expect(run.status == 64)
        #expect(run.errors.contains("missing argument: SHARD: lock file of each shard"))
        let help = try await Workspace().run("lock", "merge", "-h")
        #expect(help.output.contains("LOCK SHARD…"), "\(help.output)")
    }

    @Test func `keeps unknown fields of shard lock files`() async throws {
        let workspace = try workspace()
        for number in 1...2 { _ = try await workspace.run("sync", "--shard", "\(number)/2") }
        try await workspace.shell(
            "sed -i 's/^        size: .*/&\\n        novel: yes/' images.lock.?-of-2.yaml")
        let merge = try await workspace.run(
            "lock", "merge", "images.lock.yaml", "images.lock.1-of-2.yaml",
            "images.lock.2-of-2.yaml")
        #expect(merge.status == 0, "\(merge.said)")
        let kept = workspace.lock.split(separator: "\n").count { $0 == "        novel: yes" }
        #expect(kept == names.count)
    }

    @Test func `takes its shard from a Kubernetes Indexed Job`() async throws {
        var workspace = try workspace()
        workspace.environment = ["OCIMIRROR_SHARDS": "2", "JOB_COMPLETION_INDEX": "1"]
        #expect(try await workspace.run("sync").status == 0)
        #expect(!workspace.folder.text("images.lock.2-of-2.yaml").isEmpty)
        for index in ["2", "-1", "\(Int.max)", "99999999999999999999", "one", ""] {
            workspace.environment["JOB_COMPLETION_INDEX"] = index
            #expect(try await workspace.run("sync").status == 78, "\(index)")
        }
        #expect(try await workspace.run("sync", "--shard", "3/2").status == 64)
    }

    @Test func `keeps the old entry of a failed image`() async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        let whole = workspace.lock
        source.publish(ImageBuilder().amd64Only(), repository: "app-3", tag: "1.0")
        var statuses: Set<Int32> = []
        for number in 1...2 {
            statuses.insert(try await workspace.run("sync", "--shard", "\(number)/2").status)
        }
        #expect(statuses == [0, 1])
        let merge = try await workspace.run(
            "lock", "merge", "images.lock.yaml", "images.lock.1-of-2.yaml",
            "images.lock.2-of-2.yaml")
        #expect(merge.status == 0)
        #expect(workspace.lock == whole)
    }

    @Test func `is not merged from shards of different runs`() async throws {
        let workspace = try workspace()
        for number in 1...2 { _ = try await workspace.run("sync", "--shard", "\(number)/2") }
        let missing = try await workspace.run(
            "lock", "merge", "images.lock.yaml", "images.lock.1-of-2.yaml")
        #expect(missing.status == 2)
        #expect(missing.errors.contains("missing shards: 2/2"), "\(missing.said)")
        #expect(workspace.lock.isEmpty)
        try await workspace.shell(
            "sed -i 's/inputs: sha256:..../inputs: sha256:0000/' images.lock.2-of-2.yaml")
        let other = try await workspace.run(
            "lock", "merge", "images.lock.yaml", "images.lock.1-of-2.yaml",
            "images.lock.2-of-2.yaml")
        #expect(other.status == 1)
        #expect(other.errors.contains("different configurations"), "\(other.said)")
        let wrong = try await workspace.run("lock", "merge", "images.lock.yaml", "mirror.yaml")
        #expect(wrong.status == 64, "\(wrong.said)")
    }

    @Test func `shards in which everything failed create no lock file`() async throws {
        let workspace = try Workspace(
            Mirror(
                from: ["127.0.0.1:1/a:1.0", "127.0.0.1:1/b:1.0"], to: "127.0.0.1:1/mirror",
                plain: ["127.0.0.1:1"]
            ).text)
        for number in 1...2 {
            #expect(
                [0, 2].contains(try await workspace.run("sync", "--shard", "\(number)/2").status))
        }
        let parts = ["images.lock.1-of-2.yaml", "images.lock.2-of-2.yaml"]
        let merge = try await workspace.run(
            arguments: ["lock", "merge", "images.lock.yaml"] + parts)
        #expect(merge.status == 2, "\(merge.said)")
        #expect(merge.errors.contains("images.lock.yaml not written"))
        #expect(workspace.lock.isEmpty)
        try workspace.folder.write("", to: parts[0])
        let broken = try await workspace.run(
            arguments: ["lock", "merge", "images.lock.yaml"] + parts)
        #expect(broken.status == 78)
        #expect(broken.errors.contains("'ocimirror sync --shard 1/2' again"), "\(broken.errors)")
    }
}

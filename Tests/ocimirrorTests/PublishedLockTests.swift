// SPDX-License-Identifier: Apache-2.0

import Files
import OCI
import RegistryTestSupport
import Testing

/// The lock file as an artifact at the target.
@Suite(.timeLimit(.minutes(10))) struct PublishedLockTests {
    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()
    private let repository = "mirror/images.lock"

    private var reference: String { "\(target.host)/\(repository):latest" }

    private func workspace(_ names: [String] = ["web", "worker"]) throws -> Workspace {
        let workspace = try Workspace(mirroring: names, from: source, to: target)
        try workspace.configure(
            workspace.folder.text("mirror.yaml")
                .replacing("    lock:", with: "    publishLock: true\n    lock:"))
        return workspace
    }

    @Test func `a run publishes the lock file only if it changed`() async throws {
        let workspace = try workspace()
        let first = try await workspace.run("sync", "--json")
        #expect(first.status == 0, "\(first.said)")
        let digest = try #require(target.tags(of: repository)["latest"])
        #expect(
            first.output.contains(
                """
                      "published": {
                        "reference": "\(reference)@\(digest)",
                        "changed": true,
                        "failure": null
                      }
                """), "\(first.output)")

        target.forgetRequests()
        let second = try await workspace.run("sync")
        #expect(
            second.output.contains("images.lock.yaml unchanged; already published as \(reference)"))
        #expect(target.requests.count(of: .manifestPut) == 0)
        #expect(target.requests.count(of: .uploadStart) == 0)
        // One for each image, and one for the lock file.
        #expect(target.requests.count(of: .manifestHead) == 3)

        target.setTag("latest", of: repository, to: nil)
        let repaired = try await workspace.run("sync")
        #expect(repaired.output.contains("published as \(reference)"), "\(repaired.said)")
        #expect(target.tags(of: repository).values.map { $0 } == [digest])
    }

    @Test func `lock pull writes the published lock file, and prints it`() async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        let plain = ["--plain-http", target.host]
        let elsewhere = try Workspace()
        let pull = ["lock", "pull", reference] + plain
        let written = try await elsewhere.run(
            arguments: pull + ["--output", "images.lock.yaml"])
        #expect(written.output == "images.lock.yaml written, 2 images\n", "\(written.said)")
        #expect(elsewhere.lock == workspace.lock)
        let again = try await elsewhere.run(
            arguments: pull + ["--output", "images.lock.yaml", "--json"])
        #expect(again.output.contains("\"changed\": false"))
        #expect(try await elsewhere.run(arguments: pull).output == workspace.lock)
    }

    @Test func `lock pull fails for what is not a published lock file`() async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        let plain = ["--plain-http", target.host]
        for (reference, status, message) in [
            ("\(target.host)/mirror/web:1.0", 1, "is not a published lock file"),
            ("\(target.host)/mirror/none:latest", 1, "published lock file not found"),
            ("\(target.host)/mirror/images.lock", 64, "has neither a tag nor a digest"),
            ("oci:layout:1.0", 64, "REFERENCE"),
        ] {
            let run = try await workspace.run(
                arguments: ["lock", "pull", "--output", "pulled.yaml", reference] + plain)
            #expect(run.status == Int32(status), "\(run.said)")
            #expect(run.said.contains(message), "\(run.said)")
        }
        let absent = try await workspace.run(
            arguments: [
                "lock", "pull", "--if-present", "--output", "pulled.yaml",
                "\(target.host)/mirror/none:latest",
            ] + plain)
        #expect(absent.status == 0)
        #expect(workspace.folder.text("pulled.yaml") == "")
    }

    @Test func `a published lock file that is invalid is not written`() async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        // With another root, the entries are elsewhere.
        let run = try await workspace.run(
            "lock", "pull", "--root", "other.keys", "--output", "pulled.yaml", "--plain-http",
            target.host, reference)
        #expect(run.status == 78, "\(run.said)")
        #expect(run.errors.contains(reference))
        #expect(workspace.folder.text("pulled.yaml") == "")
    }

    @Test func `lock pull uses the root of the target in mirror.yaml`() async throws {
        let workspace = try workspace()
        let text = workspace.folder.text("mirror.yaml")
        try workspace.configure(
            text.replacing("    lock:", with: "    root: images.mirror\n    lock:"))
        #expect(try await workspace.run("sync").status == 0)
        let lock = workspace.lock
        try await workspace.shell("rm images.lock.yaml")
        for output in ["images.lock.yaml", "copy.yaml"] {
            let run = try await workspace.run("lock", "pull", "--output", output, reference)
            #expect(run.status == 0, "\(run.said)")
            #expect(workspace.folder.text(output) == lock)
        }
    }

    @Test(arguments: [["lock", "pull", "--output", "images.lock.yaml"], ["check"]])
    func `an invalid lock file does not prevent commands that do not read it`(
        words: [String]
    ) async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        let lock = workspace.lock
        try workspace.folder.write("broken: [\n", to: "images.lock.yaml")
        let subject = words == ["check"] ? "\(source.host)/web:1.0" : reference
        let run = try await workspace.run(arguments: words + [subject])
        #expect(run.status == 0, "\(run.said)")
        #expect((workspace.lock == lock) == (words != ["check"]))
    }

    @Test(arguments: [true, false])
    func `lock pull does not replace a lock file that a run holds`(exists: Bool) async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        try workspace.folder.write("old\n", to: exists ? "held.yaml" : "other")
        let path = workspace.folder("held.yaml")
        guard
            let held = try exists
                ? FileLock.acquire(onExisting: path) : FileLock.acquire("\(path).lock")
        else {
            Issue.record("the file is locked already")
            return
        }
        let run = try await workspace.run("lock", "pull", "--output", "held.yaml", reference)
        held.release()
        #expect(run.status == 75, "\(run.said)")
        #expect(run.errors.contains("held.yaml' is locked by another run"))
        #expect(workspace.folder.text("held.yaml") == (exists ? "old\n" : ""))
    }

    @Test func `D08 a published lock file with images elsewhere is rejected`() async throws {
        let registry = try await DockerRegistry.start()
        func workspace(_ prefix: String) throws -> Workspace {
            try Workspace(
                Mirror(
                    from: ["\"\(source.host)/web:1.0\""], to: "\(registry.host)/\(prefix)",
                    plain: [source.host, registry.host], further: ["referrers: none"]
                ).text.replacing("    lock:", with: "    publishLock: true\n    lock:"))
        }
        source.publish(ImageBuilder().multiPlatform(), repository: "web", tag: "1.0")
        let first = try await workspace("mirror").run("sync")
        #expect(first.status == 0, "\(first.said)")
        let repositories = registry.folder("storage/docker/registry/v2/repositories")
        let copy = try await SpawnedProcess.run(
            "sh",
            [
                "-c",
                "cd \(repositories) && mkdir other && cp -r mirror/images.lock other/images.lock",
            ])
        #expect(copy.status == 0, "\(copy.errors)")
        let other = try workspace("other")
        let run = try await other.run("sync")
        #expect(run.status == 78, "\(run.said)")
        #expect(
            run.errors.contains(
                "entry 'web' is at \(registry.host)/mirror/web, which is not below "
                    + "\(registry.host)/other"), "\(run.errors)")
        #expect(other.lock == "")
    }

    @Test func `a run without its lock file continues from the published one`() async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        let lock = workspace.lock
        try await workspace.shell("rm images.lock.yaml")
        source.forgetRequests()
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.errors.contains("images.lock.yaml restored from"))
        #expect(run.output.contains("2 unchanged"))
        #expect(workspace.lock == lock)
        #expect(source.requests.count(of: .manifestGet) == 0)
    }

    @Test func `shards and their merge need no common directory`() async throws {
        let names = (1...6).map { "app-\($0)" }
        let whole = try workspace(names)
        #expect(try await whole.run("sync").status == 0)
        let merge = try workspace(names)
        var files: [String] = []
        for number in 1...3 {
            let shard = try workspace(names)
            let run = try await shard.run("sync", "--shard", "\(number)/3")
            #expect(run.status == 0, "\(run.said)")
            let file = "images.lock.\(number)-of-3.yaml"
            let pull = try await merge.run(
                "lock", "pull", "--output", file,
                "\(target.host)/\(repository):\(number)-of-3")
            #expect(pull.status == 0, "\(pull.said)")
            #expect(merge.folder.text(file) == shard.folder.text(file))
            files.append(file)
        }
        target.setTag("latest", of: repository, to: nil)
        let run = try await merge.run(arguments: ["lock", "merge", "images.lock.yaml"] + files)
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("published as \(reference)"))
        #expect(merge.lock == whole.lock)
        #expect(try await merge.run("lock", "pull", reference).output == whole.lock)
    }

    @Test func `prune never lists the published lock file`() async throws {
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        let run = try await workspace.run("prune", "--yes", "images.lock")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: repository).count == 1)
        #expect(!run.output.contains("images.lock:latest"))
    }
}

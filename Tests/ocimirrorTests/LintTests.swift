// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

/// Linting, promotion and exports in a pipeline.
@Suite(.timeLimit(.minutes(10))) struct `lint, promote and export` {
    private static func workspace(_ files: [String: String]) async throws -> Workspace {
        let workspace = try Workspace()
        let fixtures = "\(Workspace.project)/Tests/PinningTests/Fixtures"
        try await workspace.shell(
            "mkdir -p dev prod && cp '\(fixtures)/images.lock.yaml' '\(fixtures)/older.lock.yaml' ."
        )
        for (name, text) in files { try workspace.folder.write(text, to: name) }
        return workspace
    }

    @Test func `an unpinned image fails in every format`() async throws {
        let workspace = try await Self.workspace([
            "dev/values.yaml": "a: b\nimage: ghcr.io/acme/mirror/api:1.4.2\n"
        ])
        let run = try await workspace.run("lint", "dev")
        #expect(run.status == 1)
        #expect(run.output.contains("dev/values.yaml:2:8  error  unpinned"))
        #expect(run.output.hasSuffix("1 image in 1 file: 1 error, 0 warnings, 0 notes\n"))
        let json = try await workspace.run("lint", "--format", "json", "dev").json
        let finding = json["files"]?.elements.first?["findings"]?.elements.first
        #expect(
            finding?.keys == ["code", "severity", "line", "column", "path", "message"])
        let sarif = try await workspace.run("lint", "--format", "sarif", "dev").json
        let result = sarif["runs"]?.elements.first?["results"]?.elements.first
        #expect(result?["ruleId"] == "unpinned")
        try workspace.folder.write("a: [", to: "broken.yaml")
        let broken = try await workspace.run("lint", "--format", "sarif", "broken.yaml")
        #expect(broken.status == 2)
        let refusal = try broken.json["runs"]?.elements.first?["results"]?.elements.first
        #expect(refusal?["ruleId"] == "rejected")
        let github = try await workspace.run("lint", "--format", "github", "dev")
        #expect(
            github.output.hasPrefix("::error file=dev/values.yaml,line=2,col=8,title=unpinned::"))
        #expect(github.output.split(separator: "\n").count == 1)
        let pinned = try await workspace.run("pin", "dev")
        #expect(pinned.status == 0)
        let again = try await workspace.run("lint", "dev")
        #expect(again.status == 0, "\(again.said)")
    }

    @Test func `value files are merged in their order`() async throws {
        let workspace = try await Self.workspace([
            "base.yaml":
                "image: {repository: a/b, tag: v1, digest: 'sha256:\(String(repeating: "a", count: 64))'}\n",
            "env.yaml": "image: {repository: c/d}\n",
        ])
        let run = try await workspace.run(
            "lint", "--layers", "base.yaml,env.yaml", "--format", "github")
        #expect(
            run.output.contains("file=env.yaml,line=1,col=21,title=digest-inherited"), "\(run.said)"
        )
        #expect(run.status == 1)
    }

    @Test func `a lock file is promoted, and rolled back from git`() async throws {
        let workspace = try await Self.workspace([:])
        try await workspace.shell(
            "git init -q . && git add . && git -c user.name=a -c user.email=a@b commit -qm 1")
        let before = workspace.folder.text("older.lock.yaml")
        let run = try await workspace.run("promote", "images.lock.yaml", "older.lock.yaml", "api")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.hasSuffix("1 image promoted\n"))
        #expect(workspace.folder.text("older.lock.yaml") != before)
        let back = try await workspace.run(
            "promote", "--from-git", "HEAD", "older.lock.yaml", "older.lock.yaml")
        #expect(back.status == 0, "\(back.said)")
        #expect(workspace.folder.text("older.lock.yaml") == before)
    }

    @Test func `directories are promoted, and a failed image does not stop the others`()
        async throws
    {
        let digest = "sha256:" + String(repeating: "b", count: 64)
        let workspace = try await Self.workspace([
            "dev/values.yaml": "image: a.io/b/c:2@\(digest)\nx: {image: a.io/d/e:1@\(digest)}\n",
            "prod/values.yaml": "image: a.io/b/c:1\nx: {image: a.io/other/e:1}\n",
        ])
        let run = try await workspace.run("promote", "dev", "prod")
        #expect(run.status == 1)
        #expect(run.output.contains("prod/values.yaml:2:12"), "\(run.said)")
        #expect(run.output.hasSuffix("1 image promoted, 1 failed\n"), "\(run.said)")
        #expect(
            workspace.folder.text("prod/values.yaml")
                == "image: a.io/b/c:2@\(digest)\nx: {image: a.io/other/e:1}\n")
        let one = try await workspace.run("promote", "dev", "prod", "c", "--json")
        #expect(one.status == 0, "\(one.said)")
        #expect(
            try one.json.keys == [
                "schema", "command", "exitCode", "target", "promoted", "errors", "skipped",
            ])
        #expect(
            workspace.folder.text("prod/values.yaml").hasPrefix("image: a.io/b/c:2@\(digest)\n"))
    }

    @Test func `an ID that matches no image is an error, and nothing is promoted`() async throws {
        let digest = "sha256:" + String(repeating: "b", count: 64)
        let old = "image: a.io/b/web:1\nx: {image: a.io/d/worker:1}\n"
        let workspace = try await Self.workspace([
            "dev/values.yaml":
                "image: a.io/b/web:2@\(digest)\nx: {image: a.io/d/worker:2@\(digest)}\n",
            "prod/values.yaml": old,
        ])
        let files = try await workspace.run("promote", "dev", "prod", "web", "wroker")
        #expect(files.status == 64, "\(files.said)")
        #expect(
            files.errors.contains("ID: 'wroker': matches no image: did you mean 'worker'?"),
            "\(files.said)")
        #expect(workspace.folder.text("prod/values.yaml") == old)
        let unlike = try await workspace.run("promote", "dev", "prod", "nothing-like-it")
        #expect(unlike.status == 64, "\(unlike.said)")
        #expect(unlike.errors.contains("(known: web, worker)"), "\(unlike.said)")
        let before = workspace.folder.text("older.lock.yaml")
        let lock = try await workspace.run("promote", "images.lock.yaml", "older.lock.yaml", "apii")
        #expect(lock.status == 64, "\(lock.said)")
        #expect(lock.errors.contains("'apii': matches no image: did you mean 'api'?"))
        #expect(workspace.folder.text("older.lock.yaml") == before)
    }

    @Test func `a damaged lock file is reported with a hint`() async throws {
        let workspace = try await Self.workspace([:])
        try await workspace.shell("sed -i 's/^    schema: 1$/    schema: 2/' older.lock.yaml")
        let run = try await workspace.run("promote", "images.lock.yaml", "older.lock.yaml")
        #expect(run.status == 78, "\(run.said)")
        #expect(
            run.errors.contains("use the version of ocimirror that wrote the lock file"),
            "\(run.said)")
    }

    @Test func `exports are written to standard output`() async throws {
        let workspace = try await Self.workspace(["map.yaml": "a.image: {id: api, shape: sha}\n"])
        let keep = try await workspace.run("export", "keep-list", "images.lock.yaml")
        #expect(keep.status == 0 && keep.output.contains("ghcr.io/acme/mirror/api@sha256:"))
        let component = try await workspace.run("export", "kustomize")
        #expect(component.output.contains("kind: Component\n"))
        #expect(component.errors.contains("skipped: kafka-3-9-0, kafka-4-0-0"))
        let values = try await workspace.run("export", "values", "map.yaml")
        #expect(
            values.output.contains("a:\n  image:\n    registry: \"ghcr.io\"\n"), "\(values.said)")
        let json = try await workspace.run("export", "values", "--json", "map.yaml").json
        #expect(json.keys == ["schema", "command", "exitCode", "export", "lines"])
    }

    @Test
    func
        `a layer with only a tag gets its repository from the layer below`()
        async throws
    {
        let workspace = try await Self.workspace([
            "base.yaml": "image: {repository: ghcr.io/acme/mirror/api, pullPolicy: IfNotPresent}\n",
            "env.yaml": "image: {tag: 1.4.2}\n",
        ])
        let alone = try await workspace.run("lint", "env.yaml")
        #expect(alone.output.contains("repository-elsewhere"), "\(alone.said)")
        let merged = try await workspace.run("lint", "--layers", "base.yaml,env.yaml")
        #expect(!merged.output.contains("repository-elsewhere"), "\(merged.said)")
    }
}

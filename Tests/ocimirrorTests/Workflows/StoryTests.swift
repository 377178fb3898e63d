// SPDX-License-Identifier: Apache-2.0

import Files
import RegistryTestSupport
import Testing
import YAML

/// End-to-end tests of the example workflows, for each of the three kinds of users.
@Suite(.timeLimit(.minutes(10))) struct StoryTests {
    private static let configuration = """
        version: 1
        targets:
          - prefix: ghcr.io/octocat/mirror
            lock: images.lock.yaml
        registries:
          docker.io:
            credentials: {username: "${DOCKERHUB_USERNAME:-}", password: "${DOCKERHUB_TOKEN:-}"}
        images:
          - team/web:1.0
          - {source: "team/worker:2.1", name: worker}

        """

    private static let values = """
        web:
          image:
            repository: ghcr.io/octocat/mirror/team-web
            tag: "1.0"  # a comment that stays
        worker:
          image: ghcr.io/octocat/mirror/worker:2.1

        """

    private static func begin() async throws -> (Internet, Runner) {
        let internet = try await Internet()
        internet.publish("team/web", tag: "1.0", seed: 1)
        internet.publish("team/worker", tag: "2.1", seed: 2)
        let runner = try await Runner(internet)
        try await runner.push([
            "mirror.yaml": configuration, "environments/values.yaml": values,
        ])
        return (internet, runner)
    }

    @Test(arguments: ["github-mirror.yml", "azure-pipelines.yml"])
    func `the nightly job mirrors, commits the lock file and publishes the report`(name: String)
        async throws
    {
        let (internet, runner) = try await Self.begin()
        // Azure's agents have no credentials for GHCR; they are in a file or a variable.
        let login = ["GITHUB_TOKEN": Internet.token]
        let file = try WorkflowFile(name)
        #expect(try await runner.run("mirror", of: file, with: login) == 0, "\(runner.log)")
        let lock = try await runner.file("images.lock.yaml")
        for repository in ["octocat/mirror/team-web", "octocat/mirror/worker"] {
            let digest = try #require(internet.ghcr.tags(of: repository).values.first)
            #expect(lock.contains("\(digest)"))
        }
        #expect(runner.summary.contains("team-web"))
        #expect(try await runner.shell("git -C origin.git rev-list --count main") == "2\n")

        // A run without changes writes no file and uses no pull.
        internet.dockerHub.forgetRequests()
        #expect(try await runner.run("mirror", of: file, with: login) == 0, "\(runner.log)")
        #expect(try await runner.shell("git -C origin.git rev-list --count main") == "2\n")
        #expect(internet.dockerHub.requests.count(of: .manifestHead) > 0)
        #expect(internet.dockerHub.requests.count(of: .manifestGet) == 0)
    }

    @Test(arguments: ["github-mirror.yml", "azure-pipelines.yml"])
    func `the nightly job commits finished images and fails with the program's exit code`(
        name: String
    )
        async throws
    {
        let (_, runner) = try await Self.begin()
        try await runner.push(["mirror.yaml": Self.configuration + "  - team/missing:1.0\n"])
        let code = try await runner.run(
            "mirror", of: try WorkflowFile(name), with: ["GITHUB_TOKEN": Internet.token])
        #expect(code == 1, "\(runner.log)")
        #expect(runner.summary.contains("missing"))
        #expect(try await runner.file("images.lock.yaml").contains("worker:"))
    }

    @Test(arguments: [
        ("github-mirror.yml", "gh pr create", "OPEN"),
        ("azure-pipelines.yml", "az repos pr create", "17"),
    ])
    func `the nightly job proposes the lock file if the branch is protected`(
        name: String, create: String, open: String
    ) async throws {
        let (internet, runner) = try await Self.begin()
        try runner.folder.write(
            "#!/bin/sh\n[ \"$1\" != refs/heads/main ]\n", to: "origin.git/hooks/update")
        try await runner.shell("chmod +x origin.git/hooks/update")
        let login = ["GITHUB_TOKEN": Internet.token]
        let file = try WorkflowFile(name)
        for seed in 1...2 {
            #expect(try await runner.run("mirror", of: file, with: login) == 0, "\(runner.log)")
            #expect(runner.calls.filter { $0.hasPrefix(create) }.count == 1, "\(runner.log)")
            let lock = try await runner.file("images.lock.yaml", of: "ocimirror/lock")
            let digest = try #require(internet.ghcr.tags(of: "octocat/mirror/worker")["2.1"])
            #expect(lock.contains("\(digest)"))
            #expect(try await runner.file("images.lock.yaml") == "")
            // A tag moves at the source; the open pull request is updated.
            internet.publish("team/worker", tag: "2.1", seed: UInt64(seed + 2))
            try runner.folder.write(open, to: "open")
        }
    }

    @Test(arguments: [
        ("github-mirror.yml", "::warning "), ("azure-pipelines.yml", "type=warning"),
    ])
    func `the nightly job treats exit code 75 as a warning`(name: String, warning: String)
        async throws
    {
        let (_, runner) = try await Self.begin()
        try await runner.shell(
            "rm bin/ocimirror && printf '#!/bin/sh\\nexit 75\\n' >bin/ocimirror && chmod +x bin/ocimirror"
        )
        #expect(try await runner.run("mirror", of: try WorkflowFile(name)) == 0)
        #expect(runner.log.contains(warning))
    }

    @Test(arguments: [
        ("github-pins.yml", "propose", "gh pr create", "gh pr edit", "OPEN"),
        ("azure-pipelines.yml", "pins", "az repos pr create", "az repos pr update", "17"),
    ])
    func `the bot opens one pull request, updates it, and does nothing without changes`(
        name: String, job: String, create: String, edit: String, open: String
    ) async throws {
        let (internet, runner) = try await Self.begin()
        let login = ["GITHUB_TOKEN": Internet.token]
        let mirror = try WorkflowFile("github-mirror.yml")
        let pins = try WorkflowFile(name)
        #expect(try await runner.run("mirror", of: mirror, with: login) == 0, "\(runner.log)")

        try await runner.shell(
            "mkdir temp/report && cp temp/ocimirror-report/run.json temp/report/")
        #expect(try await runner.run(job, of: pins) == 0, "\(runner.log)")
        let web = try #require(internet.ghcr.tags(of: "octocat/mirror/team-web").values.first)
        let proposed = try await runner.file("environments/values.yaml", of: "ocimirror/pins")
        #expect(proposed.contains("\"1.0@\(web)\"  # a comment that stays"), "\(runner.log)")
        #expect(try await runner.file("environments/values.yaml") == Self.values)
        #expect(runner.calls.filter { $0.hasPrefix(create) }.count == 1)
        #expect(runner.calls.contains { $0.contains("Pin 2 images") })
        #expect(runner.summary.contains("Pin 2 images"))

        // A tag moves at the source; the open pull request is updated.
        internet.publish("team/worker", tag: "2.1", seed: 3)
        try runner.folder.write(open, to: "open")
        #expect(try await runner.run("mirror", of: mirror, with: login) == 0, "\(runner.log)")
        #expect(try await runner.run(job, of: pins) == 0, "\(runner.log)")
        #expect(runner.calls.filter { $0.hasPrefix(edit) }.count == 1)
        #expect(runner.calls.filter { $0.hasPrefix(create) }.count == 1)

        // After the merge, there are no changes.
        try await runner.shell(
            "git -C origin.git update-ref refs/heads/main refs/heads/ocimirror/pins")
        let calls = runner.calls.count
        #expect(try await runner.run(job, of: pins) == 0, "\(runner.log)")
        #expect(runner.calls.count == calls)
        #expect(runner.log.contains("No file changed."))
    }

    @Test(arguments: [
        ("github-pins.yml", "propose", "gh pr create"),
        ("azure-pipelines.yml", "pins", "az repos pr create"),
    ])
    func `the bot proposes versions, and an ambiguous one only fails the check`(
        name: String, job: String, create: String
    ) async throws {
        let (_, runner) = try await Self.begin()
        let mirror = try WorkflowFile("github-mirror.yml")
        let login = ["GITHUB_TOKEN": Internet.token]
        #expect(try await runner.run("mirror", of: mirror, with: login) == 0, "\(runner.log)")
        try await runner.push([
            "environments/values.yaml": Self.values.replacing("\"1.0\"", with: "\"0.9\"")
                + "other:\n  image: ghcr.io/octocat/mirror/worker@sha256:\(String(repeating: "a", count: 64))\n"
        ])
        #expect(try await runner.run(job, of: try WorkflowFile(name)) == 0, "\(runner.log)")
        let call = try #require(runner.calls.first { $0.hasPrefix(create) })
        #expect(call.contains("Update of `team-web` from `0.9` to `1.0`; pin 2 images"), "\(call)")

        // The lock file has two versions of the worker, so that a digest alone is ambiguous.
        let lock = try await runner.file("images.lock.yaml")
        let entry = try #require(lock.ranges(of: "      worker:\n").first)
        let second = lock[entry.lowerBound...].replacing("worker:\n", with: "worker-2:\n")
            .replacing("2.1", with: "2.2")
        try await runner.push(["images.lock.yaml": lock + second])
        #expect(try await runner.run(job, of: try WorkflowFile(name)) == 1, "\(runner.log)")
        #expect(runner.calls.filter { $0.hasPrefix(create) }.count == 2)
        #expect(
            runner.summary.contains("## Version differs from the lock file"), "\(runner.summary)")
    }

    @Test func `three shards run in parallel, and the merge job commits one lock file`()
        async throws
    {
        let (_, runner) = try await Self.begin()
        let login = ["GITHUB_TOKEN": Internet.token]
        #expect(
            try await runner.run("mirror", of: try WorkflowFile("github-mirror.yml"), with: login)
                == 0)
        let whole = try await runner.file("images.lock.yaml")
        try await runner.shell(
            """
            git clone --quiet origin.git again && cd again && git rm --quiet images.lock.yaml
            git commit --quiet -m forget && git push --quiet && cd .. && rm -rf again && mkdir parts
            """)
        let file = try WorkflowFile("github-mirror-shards.yml")
        for index in 0...2 {
            let matrix = login.merging(["matrix.index": "\(index)"]) { $1 }
            #expect(try await runner.run("shard", of: file, with: matrix) == 0, "\(runner.log)")
            try await runner.shell("cp work/images.lock.*-of-3.yaml parts/")
        }
        try await runner.shell(
            "rm -rf work && git clone --quiet origin.git work && cp parts/* work/")
        #expect(try await runner.run("merge", of: file, in: "work") == 0, "\(runner.log)")
        #expect(try await runner.file("images.lock.yaml") == whole)
    }

    @Test func `a developer checks a tag with the commands in the documentation`()
        async throws
    {
        let internet = try await Internet()
        defer { withExtendedLifetime(internet) {} }
        internet.publish("grafana/grafana", tag: "12.1.0")
        internet.publish("grafana/grafana", tag: "12.0.2")
        let runner = try await Runner(internet)
        let document = String(
            decoding: try BoundedFile.read(
                "\(Workspace.project)/Documentation/operations.md", limit: 1 << 20), as: UTF8.self)
        let section = try #require(document.split(separator: "## Check a tag before use\n").last)
        let block = try #require(section.split(separator: "```sh\n").dropFirst().first)
        let commands = block.prefix { $0 != "`" }.split(separator: "\n").map(String.init)
        #expect(commands.count == 2)
        var answers: [(status: Int32, text: String)] = []
        for command in commands {
            let result = try await SpawnedProcess.run(
                "env", ["--chdir=\(runner.folder.path)", "bash", "-c", command],
                environment: internet.environment.merging([
                    "PATH": "\(runner.folder("bin")):/usr/bin:/bin",
                    "HOME": runner.folder("home"),
                ]) { $1 })
            answers.append((result.status, result.output + result.errors))
        }
        #expect(answers.map(\.status) == [0, 1], "\(answers)")
        // The program of the image is neither an ELF binary nor a script.
        #expect(
            answers[0].text.contains(
                "OK: valid for linux/amd64, linux/arm64 (config); content not checked: linux/amd64")
        )
        #expect(
            answers[1].text.contains("use an existing tag, such as 12.1.0"),
            "\(answers[1].text)")
    }
}

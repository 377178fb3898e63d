// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// The second step of `action.yml`: one command, its outputs and the result of the step.
@Suite(.timeLimit(.minutes(10))) struct ActionRunTests {
    @Test func `arguments are passed as they are written, one per line`() async throws {
        let stage = try await RunStage(program: "printf '[%s]\\n' \"$@\"")
        let run = try await stage.run([
            "INPUT_COMMAND": "lock merge",
            "INPUT_ARGS": """
            two words
            $(touch pwned)
            `touch pwned`

              *
            --a="b";c\r
            -
            """,
        ])
        #expect(run.status == 0, "\(run.said)")
        #expect(
            run.output == """
                [lock]
                [merge]
                [two words]
                [$(touch pwned)]
                [`touch pwned`]
                [  *]
                [--a="b";c]
                [-]

                """)
        #expect(try await stage.shell("ls pwned 2>/dev/null || true") == "")
    }

    @Test(arguments: [
        "", "--help", "sync; touch pwned", "sync\ntouch pwned", "$(id)", "a b c", "Sync",
    ])
    func `what is not the name of a command is rejected`(command: String) async throws {
        let stage = try await RunStage(program: "touch pwned")
        let run = try await stage.run(["INPUT_COMMAND": command])
        #expect(run.status == 1)
        #expect(run.output.hasPrefix("::error title=ocimirror::the input \"command\""))
        #expect(try await stage.shell("ls pwned 2>/dev/null || true") == "")
    }

    @Test(arguments: [
        (0, "warning", 0, "success"), (1, "warning", 1, "attention"), (2, "warning", 2, "failure"),
        (75, "warning", 0, "limit"), (75, "failure", 75, "limit"), (77, "warning", 77, "failure"),
        (78, "failure", 78, "failure"),
    ])
    func `the exit code decides the result of the step`(
        code: Int, limit: String, status: Int, outcome: String
    ) async throws {
        let stage = try await RunStage(program: "exit \(code)")
        let run = try await stage.run(["INPUT_COMMAND": "verify", "INPUT_LIMIT": limit])
        #expect(run.status == Int32(status))
        #expect(stage.outputs["code"] == "\(code)")
        #expect(stage.outputs["outcome"] == outcome)
        #expect(run.output.contains("::warning") == (code == 75 && limit == "warning"))
    }

    @Test func `an unknown result for limits is rejected`() async throws {
        let stage = try await RunStage(program: "touch pwned")
        let run = try await stage.run(["INPUT_COMMAND": "sync", "INPUT_LIMIT": "ignore"])
        #expect(run.status == 1)
        #expect(run.output.contains("warning or failure"))
    }

    @Test func `a sync states whether the lock file changed, and writes the summary`()
        async throws
    {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        defer { withExtendedLifetime((source, target)) {} }
        source.publish(ImageBuilder().multiPlatform(), repository: "web", tag: "1.0")
        source.publish(
            ImageBuilder().multiPlatform([.linuxAMD64]), repository: "single", tag: "1.0")
        let stage = try await RunStage(program: "exec \(Workspace.program) \"$@\"")
        try await stage.configure(source, target, ["web"])
        let first = try await stage.run(["INPUT_COMMAND": "sync"])
        #expect(first.status == 0, "\(first.said)")
        #expect(stage.outputs["changed"] == "true")
        #expect(stage.folder.text("summary").contains("web"))
        let report = try #require(stage.outputs["report"])
        #expect(report == stage.folder("temp/ocimirror-report"))
        #expect(stage.folder.text("temp/ocimirror-report/run.json").contains("\"mirrored\""))

        let second = try await stage.run(["INPUT_COMMAND": "sync"])
        #expect(second.status == 0, "\(second.said)")
        #expect(stage.outputs["changed"] == "false")
        #expect(stage.outputs["outcome"] == "success")

        try await stage.configure(source, target, ["web", "single"])
        let rejected = try await stage.run(["INPUT_COMMAND": "sync"])
        #expect(rejected.status == 1, "\(rejected.said)")
        #expect(stage.outputs["outcome"] == "attention")
        #expect(stage.outputs["code"] == "1")
        #expect(stage.folder.text("summary").contains("single"))
        #expect(stage.folder.text("temp/ocimirror-report/run.html").hasPrefix("<!DOCTYPE html>"))

        let known = try await stage.run(["INPUT_COMMAND": "sync"])
        #expect(known.status == 1, "\(known.said)")
        #expect(stage.folder.text("summary").contains("still rejected"))
    }
}

/// The environment of a runner whose `ocimirror` is a script.
private final class RunStage {
    let folder: TemporaryFolder

    init(program: String) async throws {
        folder = try TemporaryFolder()
        try await shell("mkdir bin temp home")
        try folder.write("#!/bin/sh\n\(program)\n", to: "bin/ocimirror")
        try await shell("chmod +x bin/ocimirror")
    }

    /// The outputs of the last run.
    var outputs: [String: String] {
        let pairs = folder.text("output").split(separator: "\n").map { line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts.last ?? ""))
        }
        return Dictionary(pairs) { $1 }
    }

    func configure(
        _ source: LoopbackRegistry, _ target: LoopbackRegistry, _ names: [String]
    ) async throws {
        let images = names.map { "  - {source: \"\(source.host)/\($0):1.0\", name: \($0)}\n" }
        try folder.write(
            """
            version: 1
            targets: [{prefix: "\(target.host)/mirror", lock: images.lock.yaml}]
            registries:
              "\(source.host)": {plainHTTP: true}
              "\(target.host)": {plainHTTP: true}
            images:
            \(images.joined())
            """, to: "mirror.yaml")
    }

    func run(_ inputs: [String: String]) async throws -> Run {
        try await shell(": >output; : >summary")
        let result = try await SpawnedProcess.run(
            "env",
            [
                "--chdir=\(folder.path)", "PATH=\(folder("bin")):/usr/bin:/bin", "bash",
                "\(Workspace.project)/packaging/action/run",
            ],
            environment: [
                "HOME": folder("home"), "RUNNER_TEMP": folder("temp"), "INPUT_LIMIT": "warning",
                "GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": folder("output"),
                "GITHUB_STEP_SUMMARY": folder("summary"),
            ].merging(inputs) { $1 })
        return Run(status: result.status, output: result.output, errors: result.errors)
    }

    @discardableResult
    func shell(_ line: String) async throws -> String {
        try await folder.shell(line)
    }
}

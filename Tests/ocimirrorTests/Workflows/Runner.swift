// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing
import YAML

/// Runs the `run` blocks of workflows as written, as GitHub's and Azure's runners do.
///
/// The program is on the `PATH`; `gh` and `az` are stubs that record their arguments.
final class Runner {
    let folder: TemporaryFolder
    /// The values of expressions such as `secrets.DOCKERHUB_TOKEN`.
    var values: [String: String]
    /// Retained, because the registries stop when it is released.
    private let internet: Internet
    /// The log of the last job.
    private(set) var log = ""

    init(_ internet: Internet) async throws {
        folder = try TemporaryFolder()
        self.internet = internet
        values = [
            "github.token": Internet.token, "secrets.DOCKERHUB_USERNAME": "",
            "secrets.DOCKERHUB_TOKEN": "", "github.event.repository.default_branch": "main",
            "github.event.schedule == '17 2 * * 0' && '--refresh-referrers' || ''": "",
            "DOCKERHUB_TOKEN": "", "AZURE_CLIENT_SECRET": "", "System.AccessToken": "canary",
        ]
        try await shell(
            """
            mkdir bin home temp
            ln -s \(Workspace.program) bin/ocimirror
            git init --quiet --bare --initial-branch=main origin.git
            """)
        for name in ["gh", "az"] {
            try folder.write(
                """
                #!/bin/sh
                echo "\(name) $*" >>"$STORY/calls"
                case "$*" in
                    'pr view '* | 'repos pr list '*) cat "$STORY/open" 2>/dev/null || \
                [ \(name) = az ] ;;
                esac

                """, to: "bin/\(name)")
        }
        try await shell("chmod +x bin/gh bin/az")
    }

    /// The recorded calls of the stubs.
    var calls: [String] { folder.text("calls").split(separator: "\n").map(String.init) }

    /// The job summary.
    var summary: String { folder.text("summary") }

    /// Creates the repository of the workflows.
    func push(_ files: [String: String]) async throws {
        try await shell(
            "git clone --quiet origin.git seed 2>/dev/null && mkdir -p seed/environments")
        for (name, text) in files { try folder.write(text, to: "seed/\(name)") }
        try await shell(
            "cd seed && git add --all && git commit --quiet -m begin && git push --quiet origin HEAD:main"
        )
        try await shell("rm -rf seed")
    }

    /// Returns a file of a pushed branch.
    func file(_ name: String, of branch: String = "main") async throws -> String {
        try await shell("git -C origin.git show \(branch):\(name) 2>/dev/null || true")
    }

    /// Runs a job in a fresh clone and returns the exit code of the step that ended it.
    @discardableResult
    func run(
        _ job: String, of file: WorkflowFile, with further: [String: String] = [:]
    ) async throws -> Int32 {
        try await shell("rm -rf work && git clone --quiet origin.git work")
        return try await run(job, of: file, in: "work", with: further)
    }

    /// Runs a job in an existing directory.
    func run(
        _ job: String, of file: WorkflowFile, in work: String, with further: [String: String] = [:]
    ) async throws -> Int32 {
        log = ""
        azureVariables = [:]
        try await shell("rm -f summary output && touch summary output")
        let node = file.jobs.first { $0.name == job }?.node
        var shared = (file.documents[0]["env"]?.texts() ?? []) + (node?["env"]?.texts() ?? [])
        shared += (file.documents[0]["variables"]?.items ?? []).compactMap { item in
            item["name"]?.text.map { ($0, item["value"]?.text ?? "") }
        }
        var failure: Int32 = 0
        for step in try file.steps(of: job) {
            let inputs =
                step.installsRelease ? step.inputs.mapValues { expand($0, step, further) } : [:]
            guard let step = try step.resolved(with: inputs), let script = step.script else {
                continue
            }
            guard failure == 0 || step.runsAfterFailure else { continue }
            var environment = self.environment.merging(azureVariables) { $1 }
                .merging(further) { $1 }
            environment[file.isAzure ? "TF_BUILD" : "GITHUB_ACTIONS"] = "true"
            for (name, value) in shared + step.environment {
                environment[name] = expand(value, step, further)
            }
            let status = try await run(script, in: work, environment)
            if failure == 0 { failure = status }
            readCommands(of: step)
        }
        return failure
    }

    private func run(
        _ script: String, in work: String, _ environment: [String: String]
    ) async throws -> Int32 {
        try folder.write(script, to: "step.sh")
        let result = try await SpawnedProcess.run(
            "env",
            [
                "--chdir=\(folder(work))", "bash", "--noprofile", "--norc", "-eo", "pipefail",
                folder("step.sh"),
            ], environment: environment)
        log += result.output + result.errors
        return result.status
    }

    private var environment: [String: String] {
        internet.environment.merging([
            "HOME": folder("home"), "STORY": folder.path, "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": "\(folder("bin")):/usr/local/bin:/usr/bin:/bin",
            "GITHUB_OUTPUT": folder("output"), "GITHUB_STEP_SUMMARY": folder("summary"),
            "GITHUB_ACTOR": Internet.actor, "RUNNER_TEMP": folder("temp"),
            "AGENT_TEMPDIRECTORY": folder("temp"), "GITHUB_ACTION_PATH": Workspace.project,
            "BUILD_SOURCEBRANCHNAME": "main",
        ]) { $1 }
    }

    /// Replaces `${{ … }}` and, in Azure, `$(…)` by values.
    private func expand(_ text: String, _ step: Step, _ further: [String: String]) -> String {
        let names = values.merging(further) { $1 }
        return text.replacing(/\$\{\{ (.+?) \}\}|\$\(([A-Za-z_.]+)\)/) { match in
            let name = String(match.output.1 ?? match.output.2 ?? "")
            guard let value = names[name] else {
                Issue.record("\(step.name): \(name) is not known")
                return ""
            }
            return value
        }
    }

    /// Reads the outputs of a step: from GitHub's output file, or from Azure's log commands.
    private func readCommands(of step: Step) {
        for line in folder.text("output").split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let id = step.id else { continue }
            values["steps.\(id).outputs.\(parts[0])"] = String(parts[1])
        }
        for match in log.matches(of: /##vso\[task\.setvariable variable=(\w+)\](\w+)/) {
            azureVariables[String(match.output.1)] = String(match.output.2)
        }
        for match in log.matches(of: /##vso\[task\.uploadsummary\](.*)/) {
            _ = try? folder.write(
                folder.text(String(match.output.1.dropFirst(folder.path.count + 1))), to: "summary")
        }
    }

    /// Azure passes the variables that a step sets to later steps in their environment.
    private(set) var azureVariables: [String: String] = [:]

    @discardableResult
    func shell(_ line: String) async throws -> String {
        try await folder.shell(
            line,
            environment: [
                "HOME": folder("home"), "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "someone",
                "GIT_AUTHOR_EMAIL": "someone@example.com", "GIT_COMMITTER_NAME": "someone",
                "GIT_COMMITTER_EMAIL": "someone@example.com",
            ])
    }
}

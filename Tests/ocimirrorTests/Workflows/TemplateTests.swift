// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing
import YAML

/// The scripts of the templates for GitLab and Azure, with a local server of releases.
@Suite(.timeLimit(.minutes(10))) struct TemplateTests {
    private static let arguments = "two words\n\n$(touch pwned)\n*"
    private static let words = "[sync]\n[two words]\n[$(touch pwned)]\n[*]\n"
    private static let reports =
        "[--report]\n[run.json]\n[--report]\n[run.md]\n[--report]\n[run.html]\n"

    @Test(arguments: [true, false])
    func `GitLab's job verifies the release before it runs the command`(isValid: Bool)
        async throws
    {
        let stage = try await InstallStage()
        let file = try WorkflowFile(
            "ocimirror.yml", in: "\(Workspace.project)/packaging/gitlab")
        let job = try #require(file.documents.last?.entries?.first?.value)
        let inputs = [
            "version": InstallStage.version, "command": "sync", "args": Self.arguments,
            "sha256": isValid ? stage.digest : String(repeating: "0", count: 64),
            "base-url": stage.server.origin,
        ]
        var environment: [String: String] = [:]
        for entry in job["variables"]?.entries ?? [] {
            #expect(entry.value["expand"]?.text == "false")
            let value = entry.value["value"]?.text ?? ""
            environment[entry.key.text ?? ""] = value.replacing(/\$\[\[ inputs\.([a-z0-9-]+) \]\]/)
            {
                inputs[String($0.output.1)] ?? ""
            }
        }
        let script = try #require(job["script"]?.items?.first?.text)
        let run = try await stage.run(try stage.folder.write(script, to: "job.sh"), environment)
        #expect((run.status == 0) == isValid, "\(run.said)")
        let digests = "expected \(String(repeating: "0", count: 64)), received \(stage.digest)\n"
        #expect(run.errors.contains(digests) == !isValid, "\(run.said)")
        let words = Self.words + "[--previous]\n[run.json]\n" + Self.reports
        #expect(stage.folder.text("words") == (isValid ? words : ""))
        #expect(try await stage.shell("ls pwned 2>/dev/null || true") == "")
        let codes = job["allow_failure"]?["exit_codes"]?.items?.compactMap(\.text)
        #expect(codes == ["75"])
    }

    @Test(arguments: [true, false])
    func `Azure's steps verify the release before they run the command`(isValid: Bool)
        async throws
    {
        let stage = try await InstallStage()
        let file = try WorkflowFile("ocimirror.yml", in: "\(Workspace.project)/packaging/azure")
        let steps = try #require(file.documents.first?["steps"]?.items)
        let parameters = [
            "version": InstallStage.version, "command": "sync", "args": Self.arguments,
            "sha256": isValid ? stage.digest : String(repeating: "0", count: 64),
            "baseURL": stage.server.origin,
        ]
        func run(_ step: YAMLNode, path: String) async throws -> Run {
            var environment = ["AGENT_TEMPDIRECTORY": stage.folder("temp")]
            for (name, value) in step["env"]?.texts() ?? [] {
                environment[name] = value.replacing(/\$\{\{ parameters\.(\w+) \}\}/) {
                    parameters[String($0.output.1)] ?? ""
                }
            }
            let script = "PATH=\(path)$PATH\n" + (step["bash"]?.text ?? "")
            return try await stage.run(
                try stage.folder.write(script, to: "step.sh"), environment)
        }
        let install = try await run(steps[0], path: "")
        #expect((install.status == 0) == isValid, "\(install.said)")
        let digests = "expected \(String(repeating: "0", count: 64)), received \(stage.digest)\n"
        #expect(install.output.contains(digests) == !isValid, "\(install.said)")
        guard isValid else { return }
        let path = try #require(install.output.firstMatch(of: /##vso\[task\.prependpath\](.*)/))
        let conditional = try #require(steps[1].entries?.first?.value.items?.first)
        let command = try await run(conditional, path: "\(path.output.1):")
        #expect(command.status == 0, "\(command.said)")
        #expect(stage.folder.text("words") == Self.words + Self.reports)
        #expect(try await stage.shell("ls pwned 2>/dev/null || true") == "")

        try await stage.shell("printf '#!/bin/sh\\nexit 75\\n' >'\(path.output.1)/ocimirror'")
        let limit = try await run(conditional, path: "\(path.output.1):")
        #expect(limit.status == 0)
        #expect(limit.output.contains("##vso[task.complete result=SucceededWithIssues;]"))
    }
}

// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Files
import RegistryTestSupport
import Testing
import YAML

@testable import ocimirror

/// Rules for all files of `ci/workflows`.
@Suite(.timeLimit(.minutes(10))) struct WorkflowRuleTests {
    @Test func `there is a file for each kind of scheduler`() throws {
        #expect(
            try WorkflowFile.all().map(\.name) == [
                "azure-pipelines.yml", "github-mirror-shards.yml", "github-mirror.yml",
                "github-pins.yml",
            ])
    }

    @Test func `every action is pinned by a commit, with its version in a comment`() throws {
        for file in try WorkflowFile.all() where file.isGitHub {
            var count = 0
            for line in file.text.split(separator: "\n") where line.contains(" uses: ") {
                #expect(
                    line.contains(/uses: [\w-]+\/[\w-]+(\/\w+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+$/),
                    "\(line)")
                count += 1
            }
            #expect(count > 2)
        }
    }

    @Test func `one version of an action is used everywhere`() throws {
        var commits: [Substring: Set<Substring>] = [:]
        for file in try WorkflowFile.all() {
            for match in file.text.matches(of: /uses: ([\w-]+\/[\w-]+)(?:\/\w+)?@(.*)/) {
                commits[match.output.1, default: []].insert(match.output.2)
            }
        }
        for (action, versions) in commits { #expect(versions.count == 1, "\(action)") }
    }

    @Test func `a GitHub job declares minimal permissions`() throws {
        let rights: Set = ["actions", "contents", "packages", "pull-requests"]
        for file in try WorkflowFile.all() where file.isGitHub {
            #expect(file.documents[0]["permissions"]?.entries?.isEmpty == true)
            for (name, job) in file.jobs {
                let granted = (job["permissions"]?.entries ?? []).compactMap(\.key.text)
                #expect(!granted.isEmpty && rights.isSuperset(of: granted), "\(name)")
                #expect(job["timeout-minutes"] != nil, "\(name)")
            }
        }
    }

    @Test func `a job installs a verified release before it uses the program`() throws {
        var count = 0
        for file in try WorkflowFile.all() {
            for (name, _) in file.jobs {
                let steps = try file.steps(of: name)
                // Only the report of the last run may be cached, never a program.
                for step in steps where step.uses?.contains("ache") == true {
                    #expect(step.inputs["path"] == "${{ runner.temp }}/ocimirror-report")
                }
                let install = try #require(
                    steps.firstIndex { $0.installsRelease }, "\(file.name): \(name)")
                let use = steps.firstIndex { $0.script?.contains("ocimirror ") == true }
                #expect(use.map { $0 > install } ?? (steps[install].inputs["command"] != nil))
                count += 1
            }
        }
        #expect(count == 6)
    }

    @Test func `scripts contain no expressions that the runner substitutes`() throws {
        for file in try WorkflowFile.all() {
            for (name, _) in file.jobs {
                for step in try file.steps(of: name) {
                    #expect(step.script?.contains("${{") != true, "\(file.name): \(step.name)")
                    #expect(
                        !file.isAzure || step.script?.contains(/\$\([A-Z]\w*\.?\w*\)/) != true,
                        "\(file.name): \(step.name)")
                }
            }
        }
    }

    @Test(.enabled(if: (try? FileStatus.of("/usr/bin/shellcheck")) != nil))
    func `every script passes shellcheck`() async throws {
        let workspace = try Workspace()
        for file in try WorkflowFile.all() {
            for (name, _) in file.jobs {
                for step in try file.steps(of: name) {
                    guard let script = step.script else { continue }
                    try workspace.folder.write(script, to: "step.sh")
                    let said = try await workspace.shell(
                        "shellcheck --shell=bash step.sh || echo 'in \(file.name): \(step.name)'")
                    #expect(said == "")
                }
            }
        }
    }

    @Test func `every command line is valid`() throws {
        var count = 0
        for file in try WorkflowFile.all() {
            let steps = try file.jobs.flatMap { try file.steps(of: $0.name) }
            let commands = steps.compactMap { step -> [String]? in
                guard let command = step.inputs["command"] else { return nil }
                let arguments = step.inputs["args", default: ""].split(separator: "\n")
                return ([command] + arguments.map(String.init)).filter { !$0.hasPrefix("${{") }
            }
            for words in commands {
                #expect(throws: Never.self) {
                    try Program.tree.parse(words, environment: [:])
                }
                count += 1
            }
        }
        #expect(count == 2)
    }
}

// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing
import Validation

@testable import Mirroring
@testable import ocimirror

/// The job summary and the annotations of `sync` in CI services.
@Suite(.timeLimit(.minutes(5))) struct `a CI service` {
    private static let gitHub = ["GITHUB_ACTIONS": "true"]
    private static let azure = ["TF_BUILD": "True"]

    @Test func `is detected by its variables`() {
        #expect(CIService(environment: [:]) == nil)
        #expect(
            CIService(environment: ["CI": "true", "GITHUB_ACTIONS": "", "TF_BUILD": ""]) == nil)
        guard case .gitHub? = CIService(environment: Self.gitHub),
            case .azure? = CIService(environment: Self.azure)
        else {
            Issue.record("not detected")
            return
        }
    }

    private func run(_ count: Int) throws -> SampleRun {
        var run = SampleRun()
        for number in 1...count {
            try run.add(.rejected, "app\(number)") {
                $0.findings = [Finding(.platformMissing, .error, "missing linux/arm64")]
            }
        }
        return run
    }

    @Test func `shows one annotation for each problem`() throws {
        let report = try run(1).report
        #expect(
            CIService(environment: Self.gitHub)?.annotations(of: report)
                == "::error title=app1 rejected::app1: platform-missing: missing linux/arm64\n")
        #expect(
            CIService(environment: Self.azure)?.annotations(of: report)
                == "##vso[task.logissue type=error]app1: platform-missing: missing linux/arm64\n")
    }

    @Test func `shows at most ten annotations`() throws {
        let text = CIService(environment: Self.gitHub)?.annotations(of: try run(12).report) ?? ""
        #expect(text.split(separator: "\n").count == 10)
        #expect(text.hasSuffix("::3 more problems; see the job summary\n"))
    }

    @Test(arguments: SampleRun.hostileTexts, [gitHub, azure])
    func `runs no command in untrusted text`(text: String, service: [String: String]) throws {
        let lines = CIService(environment: service)?
            .annotations(of: try SampleRun.hostile(text).report)
        for line in (lines ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast()
        {
            #expect(line.hasPrefix("::error title=") || line.hasPrefix("##vso[task.logissue "))
        }
    }

    @Test func `gets a summary and annotations from sync, unless they are turned off`()
        async throws
    {
        let source = LoopbackRegistry()
        source.publish(ImageBuilder().amd64Only(), repository: "app", tag: "1.0")
        var workspace = try Workspace(
            Mirror(from: ["\(source.host)/app:1.0"], to: "oci:mirror", plain: [source.host]).text)
        workspace.environment = [
            "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": workspace.folder("summary.md"),
        ]
        try workspace.folder.write("earlier\n", to: "summary.md")
        let off = try await workspace.run("sync", "--no-ci")
        #expect(off.status == 1 && !off.errors.contains("::error"), "\(off.said)")
        #expect(workspace.folder.text("summary.md") == "earlier\n")
        let run = try await workspace.run("sync", "--json")
        #expect(run.errors.contains("\n::error title=app rejected::app: platform-missing"))
        #expect(try run.json["exitCode"] == 1, "standard output has the document only")
        #expect(workspace.folder.text("summary.md").hasPrefix("earlier\n# Mirror: 1 rejected\n"))
    }
}

extension `a CI service` {
    /// The sizes of what earlier commands of the step wrote.
    @Test(arguments: [0, 500_000, 1_040_000, 1_048_576])
    func `limits the summaries of all commands in a step`(earlier: Int) throws {
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: "x", count: earlier), to: "summary.md")
        var run = SampleRun()
        for number in 1...6000 {
            try run.add(.rejected, "app\(number)") {
                $0.findings = [
                    Finding(.platformMissing, .error, String(repeating: "missing ", count: 100))
                ]
            }
        }
        let service = CIService(
            environment: ["GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": folder("summary.md")])
        service?.write(run.report, on: Console(environment: [:]))
        let size = folder.text("summary.md").utf8.count
        #expect(size <= 1 << 20)
        #expect((size > earlier) == (earlier < 1_044_480))
    }
}

/// Rejections that a later run does not repeat.
@Suite(.timeLimit(.minutes(5))) struct `a recorded rejection` {
    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()

    private func workspace(_ more: String = "") throws -> Workspace {
        let image = "{source: \"\(source.host)/app:1.0\", validation: content\(more)}"
        return try Workspace(
            Mirror(
                from: [image], to: "\(target.host)/m", plain: [source.host, target.host]
            ).text)
    }

    private func night(_ workspace: Workspace) async throws -> Run {
        source.forgetRequests()
        target.forgetRequests()
        return try await workspace.run(
            "sync", "--previous", "run.json", "--report", "run.json")
    }

    @Test func `costs one HEAD request and no pull, night after night`() async throws {
        source.publish(BuiltImage.running([.amd64, .amd64]), repository: "app", tag: "1.0")
        let workspace = try workspace()
        #expect(try await night(workspace).status == 1)
        for _ in 1...2 {
            let run = try await night(workspace)
            #expect(run.status == 1, "\(run.said)")
            #expect(run.output.contains("app  still rejected"), "\(run.output)")
            #expect(run.output.contains("error: content-mismatch: linux/arm64: "))
            #expect(source.requests.map(\.method) == [.head])
            #expect(target.requests.isEmpty)
        }
    }

    @Test func `does not count for other requirements or another digest`() async throws {
        source.publish(BuiltImage.running([.amd64, .amd64]), repository: "app", tag: "1.0")
        let workspace = try workspace()
        #expect(try await night(workspace).status == 1)
        let image = "{source: \"\(source.host)/app:1.0\", validation: index}"
        try workspace.configure(
            Mirror(from: [image], to: "\(target.host)/m", plain: [source.host, target.host]).text)
        let looser = try await night(workspace)
        #expect(looser.status == 0, "\(looser.said)")
    }

    @Test func `does not count for an image that was fixed`() async throws {
        source.publish(BuiltImage.running([.amd64, .amd64]), repository: "app", tag: "1.0")
        let workspace = try workspace()
        #expect(try await night(workspace).status == 1)
        source.publish(BuiltImage.running([.amd64, .arm64]), repository: "app", tag: "1.0")
        let run = try await night(workspace)
        #expect(run.status == 0, "\(run.said)")
    }

    @Test(arguments: ["", "{", "{\"schema\": 1, \"command\": \"plan\"}"])
    func `is not read from an invalid report, which is a warning`(text: String) async throws {
        source.publish(BuiltImage.running([.amd64, .arm64]), repository: "app", tag: "1.0")
        let workspace = try workspace()
        try workspace.folder.write(text, to: "run.json")
        let run = try await night(workspace)
        #expect(run.status == 0, "\(run.said)")
        #expect(run.errors.contains("warning: --previous run.json: not a report of 'sync'"))
    }
}

// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

/// The inputs and output formats of `check`.
@Suite(.timeLimit(.minutes(5))) struct `check takes` {
    private let registry = LoopbackRegistry()
    private let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        registry.publish(BuiltImage.running([.amd64, .arm64]), repository: "app", tag: "1.0")
        registry.publish(ImageBuilder().amd64Only(), repository: "one", tag: "1.0")
    }

    private func check(_ arguments: String...) async throws -> Run {
        try await workspace.run(
            arguments: ["check", "--plain-http", registry.host, "--validation", "index"] + arguments
        )
    }

    private func name(_ image: String) -> String { "\(registry.host)/\(image)" }

    @Test func `several platforms as one value`() async throws {
        let run = try await check("--platform", "linux/amd64,linux/arm64", name("app:1.0"))
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("OK: valid for linux/amd64, linux/arm64 (index)"))
    }

    @Test(arguments: [
        ("linux/arm65", "unknown architecture; did you mean 'linux/arm64'?"),
        ("linux/x64", "unknown architecture; did you mean 'linux/amd64'?"),
        ("linus/amd64", "unknown operating system; did you mean 'linux/amd64'?"),
        ("aarch64", "should look like linux/arm64; did you mean 'linux/arm64'?"),
        ("linux/amd64,linux/riscv", "did you mean 'linux/riscv64'?"),
    ])
    func `a misspelled platform with a suggestion`(text: String, message: String) async throws {
        let run = try await check("--platform", text, name("app:1.0"))
        #expect(run.status == 64, "\(run.said)")
        #expect(run.errors.contains(message), "\(run.errors)")
    }

    @Test func `several images from a file`() async throws {
        try workspace.folder.write(
            "# images\n\n  \(name("app:1.0"))  # comment\n\(name("one:1.0"))\n", to: "list")
        let run = try await check("--file", "list")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("OK: valid for") && run.output.contains("FAIL: image rejected"))
    }

    @Test func `nothing only as a usage error`() async throws {
        let none = try await check()
        #expect(none.status == 64 && none.errors.contains("IMAGE"), "\(none.said)")
        try workspace.folder.write("# none\n", to: "list")
        #expect(try await check("--file", "list").status == 64)
        #expect(try await check("--file", "absent").status == 2)
    }

    @Test func `a format for JUnit`() async throws {
        let run = try await check("--format", "junit", name("app:1.0"), name("one:1.0"))
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains(#"tests="2" failures="1" errors="0""#), "\(run.output)")
        #expect(run.output.contains("name=\"\(name("app:1.0"))\"></testcase>"))
        #expect(
            run.output.contains(
                "<failure type=\"platform-missing\" message=\"missing linux/arm64 (available: "
                    + "linux/amd64)\">platform-missing: missing linux/arm64"), "\(run.output)")
    }

    @Test(arguments: [("junit", #"<failure type="missing""#), ("sarif", #""ruleId":"missing""#)])
    func `each format has the status of a missing tag`(format: String, text: String) async throws {
        let run = try await check("--format", format, name("app:9.9"))
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.replacing("\": \"", with: "\":\"").contains(text), "\(run.output)")
    }

    @Test func `a format for SARIF`() async throws {
        let run = try await check("--format", "sarif", name("app:1.0"), name("one:1.0"))
        let results = try run.json["runs"]?.elements.first?["results"]?.elements
        #expect(results?.count == 1, "\(run.output)")
        #expect(results?.first?["ruleId"] == "platform-missing")
    }

    @Test func `no suggestion for an image whose content is broken`() async throws {
        registry.publish(ImageBuilder().liar(), repository: "app", tag: "1.1")
        let run = try await workspace.run(
            "check", "--plain-http", registry.host, name("app:1.1"))
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("FAIL: image rejected"))
        #expect(!run.output.contains("contents not checked"), "\(run.output)")
    }
}

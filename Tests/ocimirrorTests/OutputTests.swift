// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Standard output and standard error: their width, and errors when they are written.
@Suite(.timeLimit(.minutes(5))) struct `the output` {
    private let registry = LoopbackRegistry()
    private var name: String { "\(registry.host)/app:1.0" }

    private func publish() {
        registry.publish(
            ImageBuilder().multiPlatform([.linuxAMD64]), repository: "app",
            tag: "1.0")
    }

    @Test func `breaks lines of standard error at spaces on a terminal`() async throws {
        let workspace = try Workspace(
            """
            version: 1
            targets: [{prefix: "localhost:1/Upper/case", lock: a.lock.yaml}]
            images: ["\(registry.host)/team/app"]
            """)
        let device = try PseudoTerminal(columns: 50, rows: 24)
        let process = try workspace.start(
            "plan", output: "/dev/null", errors: device.path)
        let status = try await onOwnThread { process.wait() }
        #expect(status == 78)
        let lines = String(decoding: device.read(), as: UTF8.self)
            .split(whereSeparator: \.isNewline)
        #expect(lines.count >= 8, "\(lines)")
        #expect(lines.allSatisfy { $0.count <= 50 }, "\(lines)")
        #expect(lines.first?.hasPrefix("mirror.yaml:2:20: prefix:") == true, "\(lines)")
        #expect(lines.contains { $0.hasSuffix("^") && $0.hasPrefix("    | ") })
    }

    @Test func `keeps each message in one line without a terminal`() async throws {
        let run = try await Workspace().run("plan", "--config", "missing.yaml")
        #expect(run.status == 78)
        #expect(run.errors.split(separator: "\n").count == 2, "\(run.errors)")
    }

    @Test func `rejects an idle timeout of zero`() async throws {
        let run = try await Workspace().run("check", name, "--idle-timeout", "0s")
        #expect(run.status == 64)
        #expect(run.errors.contains("--idle-timeout: must be longer than 0 s"))
    }

    @Test func `wraps the verdict of check`() async throws {
        publish()
        var workspace = try Workspace()
        workspace.environment["COLUMNS"] = "40"
        let run = try await workspace.run("check", name)
        #expect(run.status == 1, "\(run.said)")
        let verdict = run.output.split(separator: "\n").drop { !$0.hasPrefix("FAIL:") }
        #expect(!verdict.isEmpty && verdict.allSatisfy { $0.count <= 40 }, "\(run.output)")
    }

    @Test func `that cannot be written ends with exit code 2`() async throws {
        publish()
        let (workspace, streams) = (try Workspace(), try TemporaryFolder())
        for arguments in [["--version"], ["check", name, "--validation", "config"]] {
            let process = try workspace.start(
                arguments: arguments, output: "/dev/full", errors: streams("errors"))
            let status = try await onOwnThread { process.wait() }
            #expect(status == 2)
            #expect(
                streams.text("errors").hasSuffix(
                    "error: cannot write to standard output: no space left on the disk\n"),
                "\(streams.text("errors"))")
        }
    }

    @Test(arguments: ["1>&-", "2>&-", "0<&- 1>&- 2>&-", "| :"])
    func `that is closed does not change the exit code`(redirection: String) async throws {
        publish()
        let workspace = try Workspace()
        try await workspace.shell(
            "\(Workspace.program) check \(name) --validation config --platform linux/amd64 \(redirection)"
        )
        #expect(registry.requests.contains { $0.method == .get })
    }
}

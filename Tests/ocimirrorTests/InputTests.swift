// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

/// Inputs that are nearly right.
@Suite(.timeLimit(.minutes(5))) struct `a command` {
    private let source = LoopbackRegistry()

    private var mirror: Mirror {
        Mirror(from: ["\(source.host)/app:1.0"], to: "oci:mirror", plain: [source.host])
    }

    @Test func `finds mirror.yml if there is no mirror.yaml`() async throws {
        let workspace = try Workspace()
        try workspace.folder.write(mirror.text, to: "mirror.yml")
        let run = try await workspace.run("plan", "--offline")
        #expect(run.status == 0, "\(run.said)")
        #expect(try await workspace.run("plan", "--offline", "-c", "mirror.yaml").status == 0)
        try workspace.configure("version: 1\n")
        #expect(
            try await workspace.run("plan", "--offline").status == 78, "mirror.yaml comes first")
    }

    @Test func `suggests init if there is no configuration`() async throws {
        let run = try await Workspace().run("sync")
        #expect(run.status == 78 && run.errors.contains("run 'ocimirror init'"), "\(run.said)")
    }

    @Test func `reads the configuration from standard input`() async throws {
        let workspace = try Workspace()
        try workspace.folder.write(mirror.text, to: "other")
        let output = try await workspace.shell(
            "\(Workspace.program) plan --offline -c - < other")
        #expect(output.contains("1 image"), "\(output)")
    }

    @Test(arguments: ["run.json", "run.md", "run.html"])
    func `rejects an unwritable report before the run`(name: String) async throws {
        let workspace = try Workspace(mirror.text)
        // A directory in place of the file cannot be replaced, even by root.
        try await workspace.shell("mkdir -p reports/\(name)")
        let run = try await workspace.run("sync", "--report", "reports/\(name)")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.errors.contains(name) && source.requests.isEmpty, "\(run.errors)")
    }

    @Test func `lists the ids of the configuration that the lock file lacks`() async throws {
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        let target = LoopbackRegistry()
        var mirror = Mirror(
            from: ["\(source.host)/app:1.0"], to: "\(target.host)/m",
            plain: [source.host, target.host])
        let workspace = try Workspace(mirror.text)
        #expect(try await workspace.run("sync").status == 0)
        mirror.images.append("\(source.host)/later:2.0")
        try workspace.configure(mirror.text)
        let run = try await workspace.run("verify")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.hasSuffix("not in a lock file: later; run 'ocimirror sync'\n"))
        #expect(try await workspace.run("verify", "--json").json["notLocked"] == ["later"])
        let unknown = try await workspace.run("verify", "xyz")
        #expect(unknown.status == 64 && unknown.errors.contains("known: app"), "\(unknown.said)")
    }

    @Test func `explains a variable without quotes in a flow mapping, and a tab`() async throws {
        let variable = try await Workspace(
            """
            version: 1
            registries:
              ghcr.io: {credentials: {username: ${A}, password: ${B}}}

            """
        ).run("sync")
        #expect(variable.status == 78)
        #expect(variable.errors.contains("put variables in quotes"), "\(variable.errors)")
        let tab = try await Workspace("version: 1\nimages:\n\t- app:1.0\n").run("sync")
        #expect(tab.status == 78)
        #expect(tab.errors.contains("indent with spaces"), "\(tab.errors)")
    }

    @Test func `logs the method, the URL and the time of each request with -v`() async throws {
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        let run = try await Workspace(mirror.text).run("plan", "-v")
        #expect(run.status == 0, "\(run.said)")
        let line = run.errors.split(separator: "\n").first { $0.contains("HEAD ") }
        #expect(
            line?.hasPrefix(
                "ocimirror: HEAD http://\(source.host)/v2/app/manifests/1.0: 200, 0 bytes, ")
                == true, "\(run.errors)")
        #expect(line?.hasSuffix("s") == true)
    }
}

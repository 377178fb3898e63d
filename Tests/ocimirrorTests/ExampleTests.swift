// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// The example repository matches its README.
@Suite(.timeLimit(.minutes(10))) struct `Examples/gitops` {
    private static let folder = "\(Workspace.project)/Examples/gitops"

    private static func copy() async throws -> Workspace {
        let workspace = try Workspace()
        try await workspace.shell("cp -R '\(folder)/.' .")
        return workspace
    }

    @Test(arguments: ["staging", "production"])
    func `an environment matches its lock file and passes lint`(_ name: String) async throws {
        let workspace = try await Self.copy()
        let lock = "locks/\(name).yaml"
        let pins = try await workspace.run("pin", "--lock", lock, "--check", "environments/\(name)")
        #expect(pins.status == 0, "\(pins.said)")
        #expect(pins.output.contains("5 up to date"), "\(pins.said)")
        let gate = try await workspace.run(
            "lint", "--lock", lock, "environments/\(name)", "--layers",
            "apps/web/values.yaml,environments/\(name)/web.yaml")
        #expect(gate.status == 0, "\(gate.said)")
        #expect(gate.output.contains("0 errors, 0 warnings"), "\(gate.said)")
        let plan = try await workspace.run("plan", "--offline")
        #expect(plan.status == 0, "\(plan.said)")
    }

    @Test func `the bot's nightly run makes no changes`() async throws {
        let workspace = try Workspace()
        try await workspace.shell("mkdir tmp")
        let before = try await workspace.shell("cd '\(Self.folder)' && find . -type f | sort")
        let night = try await SpawnedProcess.run(
            "\(Self.folder)/night.sh", ["--with", Workspace.program, "--offline"],
            environment: ["HOME": workspace.folder("home"), "TMPDIR": workspace.folder("tmp")])
        #expect(night.status == 0, "\(night.output)\(night.errors)")
        #expect(night.output.contains("checks passed."))
        // Swift's driver leaves empty directories there.
        #expect(try await workspace.shell("find tmp -name 'ocimirror*'") == "")
        let after = try await workspace.shell("cd '\(Self.folder)' && find . -type f | sort")
        #expect(after == before)
    }
}

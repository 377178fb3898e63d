// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct InstallationTests {
    @Test func `make install installs a working program below the prefix`() async throws {
        let workspace = try Workspace()
        try await Self.make("install", into: workspace)
        let files = try await Self.files(in: workspace)
        for name in [
            "bin/ocimirror", "share/man/man1/ocimirror.1", "share/man/man1/ocimirror-sync.1",
            "share/bash-completion/completions/ocimirror", "share/zsh/site-functions/_ocimirror",
            "share/fish/vendor_completions.d/ocimirror.fish",
            "share/ocimirror/mirror.schema.json", "share/ocimirror/pins.schema.json",
        ] {
            #expect(files.contains("./opt/of ours/\(name)"), "\(name)")
        }
        let said = try await workspace.shell(
            """
            cd 'root/opt/of ours'
            bin/ocimirror --version
            mandoc share/man/man1/ocimirror-lock-merge.1 | head -1
            PATH=$PWD/bin:$PATH
            bash -c '. share/bash-completion/completions/ocimirror
                COMP_LINE="ocimirror lock mer" COMP_POINT=18; _ocimirror; echo "${COMPREPLY[@]}"'
            """)
        #expect(said.hasPrefix("ocimirror "))
        let editorLine = try await workspace.shell(
            "'root/opt/of ours/bin/ocimirror' init; head -1 mirror.yaml")
        #expect(editorLine.contains("# yaml-language-server: $schema=/"))
        #expect(editorLine.hasSuffix("/root/opt/of ours/share/ocimirror/mirror.schema.json\n"))
        #expect(said.contains("OCIMIRROR-LOCK-MERGE(1)"))
        #expect(said.hasSuffix("\nmerge\n"))
    }

    @Test func `make uninstall removes what was installed, and nothing else`() async throws {
        let workspace = try Workspace()
        try await workspace.shell(
            """
            mkdir -p 'root/opt/of ours/share/man/man1' 'root/opt/of ours/bin'
            echo other > 'root/opt/of ours/share/man/man1/ocimirror-other.1'
            echo other > 'root/opt/of ours/bin/other'
            """)
        let before = try await Self.files(in: workspace)
        try await Self.make("install", into: workspace)
        try await Self.make("install", into: workspace)
        try await Self.make("uninstall", into: workspace)
        #expect(try await Self.files(in: workspace) == before)
        try await Self.make("uninstall", into: workspace)
    }

    @Test func `without a binary, make install fails with a hint`() async throws {
        let workspace = try Workspace()
        let error = await #expect(throws: ShellFailure.self) {
            try await Self.make("install", into: workspace, binary: "no/such/binary")
        }
        #expect(error?.errors.contains("run 'make build' first") == true)
        #expect(try await Self.files(in: workspace) == [])
    }

    @discardableResult
    private static func make(
        _ target: String, into workspace: Workspace, binary: String = Workspace.program
    ) async throws -> String {
        try await workspace.shell(
            """
            root=$PWD/root; cd \(Workspace.project)
            make --silent \(target) DESTDIR="$root" PREFIX='/opt/of ours' BINARY='\(binary)'
            """)
    }

    private static func files(in workspace: Workspace) async throws -> [String] {
        try await workspace.shell("mkdir -p root; cd root; find . -type f | sort")
            .split(separator: "\n").map(String.init)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Files
import RegistryTestSupport
import Testing

@testable import ocimirror

/// The version of the program, and the files that name a release.
@Suite(.timeLimit(.minutes(10))) struct ReleaseTests {
    /// The references to a release, as `packaging/lib/release.sh` lists them.
    private static func references() async throws -> [(file: String, version: String)] {
        let lines = try await Workspace().shell(
            """
            cd \(Workspace.project)
            bash -c '. ci/lib/common.sh && . packaging/lib/release.sh &&
                git ls-files -z -- "${released_files[@]}" |
                xargs --null grep -HoE "$released_version"'
            """)
        return lines.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /^([^:]+):.*?(\d+\.\d+\.\d+)$/)
                .map { (String($0.output.1), String($0.output.2)) }
        }
    }

    @Test func `all files name the same release`() async throws {
        let references = try await Self.references()
        let files = Set(references.map(\.file))
        for name in [
            ".pre-commit-hooks.yaml", "README.md", "ci/workflows/azure-pipelines.yml",
            "ci/workflows/github-mirror.yml", "ci/workflows/github-mirror-shards.yml",
            "ci/workflows/github-pins.yml",
        ] {
            #expect(files.contains(name))
        }
        let released = Program.version.hasSuffix("-dev") ? nil : Program.version
        let expected = try #require(released ?? references.first?.version)
        for reference in references {
            #expect(reference.version == expected, "\(reference.file)")
        }
    }

    @Test func `a release replaces every number and cuts the change log`() async throws {
        let stage = try await ReleaseStage()
        try await stage.run("packaging/release 7.8.9")
        let text = try await stage.shell(
            "git diff HEAD | grep '^+' | grep -c '7\\.8\\.9' && packaging/release-notes 7.8.9")
        #expect(text.contains("- A change."))
        #expect(!text.contains("will be"))
        let program = try await stage.shell("cat Sources/ocimirror/Program.swift")
        #expect(program.contains("static let version = \"7.8.9\"\n"))
        let left = try await stage.shell(
            "grep -rhoE 'ocimirror[:_-][0-9.]+|# v[0-9.]+|tags/v[0-9.]+' ci .pre-commit-hooks.yaml | sort -u"
        )
        #expect(left.contains("ocimirror:7.8.9\n"))
        #expect(left.contains("tags/v7.8.9\n"))
        #expect(!left.contains("0.1.0"))
        // The version of another action stays.
        #expect(left.contains("# v6.0.1\n"))
        try await stage.run("packaging/release --check v7.8.9")
        try await stage.run("packaging/release 7.9.0-dev")
        #expect(
            try await stage.shell("sed -n '/^## /p' CHANGELOG.md").hasPrefix(
                "## [Unreleased]\n## [7.8.9] - "))
        for tag in ["v7.8.9", "v7.9.0", "7.9.0", "v7.9.0-dev", ""] {
            await #expect(throws: ShellFailure.self) {
                try await stage.run("packaging/release --check '\(tag)'")
            }
        }
    }

    @Test(arguments: ["", "7.8", "v7.8.9", "7.8.9-rc", "07.8.9", "7.8.9; touch pwned", "7.8.9\n"])
    func `what is not a version changes nothing`(version: String) async throws {
        let stage = try await ReleaseStage()
        await #expect(throws: ShellFailure.self) {
            try await stage.run("packaging/release '\(version)'")
        }
        #expect(try await stage.shell("git status --porcelain") == "")
    }
}

/// A repository with the files that a release changes.
private struct ReleaseStage {
    private let workspace: Workspace

    init() async throws {
        workspace = try Workspace()
        try await workspace.shell(
            """
            git init --quiet
            mkdir -p Sources/ocimirror ci
            cp \(Workspace.project)/Sources/ocimirror/Program.swift Sources/ocimirror/
            cp -r \(Workspace.project)/packaging .
            cp -r \(Workspace.project)/ci/lib \(Workspace.project)/ci/workflows ci/
            cp \(Workspace.project)/.pre-commit-hooks.yaml .
            printf 'reference:\\n' >Makefile
            printf '# Changelog\\n\\n## [Unreleased]\\n\\nThis will be 7.8.9, the first version.\\n\\n- A change.\\n' \
                >CHANGELOG.md
            git add --all
            git -c user.name=a -c user.email=a@example.com commit --quiet --message begin
            """)
    }

    func run(_ command: String) async throws { try await workspace.shell(command) }

    @discardableResult
    func shell(_ line: String) async throws -> String { try await workspace.shell(line) }
}

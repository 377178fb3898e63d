// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct ParsingTests {
    private func sync(
        _ words: String..., environment: [String: String] = [:]
    ) throws -> Sync {
        let invocation = try Program.tree.parse(["sync"] + words, environment: environment)
        return try #require(invocation.command())
    }

    @Test func `options have their default values`() throws {
        #expect(try sync() == Sync())
    }

    @Test(arguments: [["--jobs", "8"], ["--jobs=8"], ["-j", "8"], ["-j=8"]])
    func `a value follows its option or an equals sign`(words: [String]) throws {
        let invocation = try Program.tree.parse(["sync"] + words, environment: [:])
        #expect(invocation.command(as: Sync.self)?.jobs == 8)
    }

    @Test func `the last of several values wins`() throws {
        #expect(try sync("--jobs=2", "-j", "3").jobs == 3)
    }

    @Test func `a repeated option collects its values in place of the default`() throws {
        #expect(try sync("--platform", "a", "--platform=b").platforms == ["a", "b"])
    }

    @Test func `a value can contain an equals sign or be empty`() throws {
        #expect(try sync("--config=a=b").shared.config == "a=b")
        #expect(try sync("--config=").shared.config == "")
        #expect(try sync("--config", "").shared.config == "")
    }

    @Test func `a flag is turned on, and off by its opposite`() throws {
        #expect(try sync("--dry-run").isDryRun)
        #expect(try !sync("--dry-run", "--no-dry-run").isDryRun)
        #expect(try !sync("--no-verify-tls").verifiesTLS)
        #expect(try sync("--no-verify-tls", "--verify-tls").verifiesTLS)
    }

    @Test func `words without a dash are positional arguments in any position`() throws {
        let command = try sync("a", "--jobs", "2", "b", "-", "--dry-run", "c")
        #expect(command.ids == ["a", "b", "-", "c"])
        #expect(command.jobs == 2)
        #expect(command.isDryRun)
    }

    @Test func `two dashes end the options`() throws {
        #expect(try sync("--", "--jobs", "--", "--help").ids == ["--jobs", "--", "--help"])
    }

    @Test func `positional arguments are assigned in order`() throws {
        let merge = try Program.parse("lock", "merge", "l", "p", "q").command(as: LockMerge.self)
        #expect(merge?.lock == "l")
        #expect(merge?.parts == ["p", "q"])
        let check = try Program.parse("check", "i", "config").command(as: Check.self)
        #expect(check?.image == "i")
        #expect(check?.level == .config)
    }

    @Test(arguments: [
        ["--config", "x", "-q", "lock", "merge", "l", "p"],
        ["lock", "--config=x", "-q", "merge", "l", "p"],
        ["lock", "merge", "l", "-q", "p", "-c", "x"],
    ])
    func `global options are accepted before and after the command`(words: [String]) throws {
        let invocation = try Program.tree.parse(words, environment: [:])
        let merge = try #require(invocation.command(as: LockMerge.self))
        #expect(merge.shared == Shared(config: "x", isQuiet: true))
        #expect(merge.parts == ["p"])
    }

    @Test func `a command that was parsed runs in its context`() async throws {
        guard case .run(let command) = try Program.parse("lock", "merge", "l", "p") else {
            Issue.record("no command")
            return
        }
        #expect(try await command.run(in: ["p"]) == .success)
        #expect(try await command.run(in: ["q"]) == .failure)
    }
}

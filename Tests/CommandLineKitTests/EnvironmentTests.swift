// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

struct EnvironmentTests {
    private func sync(_ environment: [String: String], _ words: String...) throws -> Sync {
        let invocation = try Program.tree.parse(["sync"] + words, environment: environment)
        return try #require(invocation.command())
    }

    @Test func `a variable sets an option that is not on the command line`() throws {
        #expect(try sync(["MIRROR_IDLE_TIMEOUT": "5m"]).idleTimeout == .seconds(300))
        #expect(try sync(["MIRROR_CONFIG": "x"]).shared.config == "x")
        #expect(try sync(["MIRROR_PLATFORM": "a,b"]).platforms == ["a", "b"])
    }

    @Test func `an option takes precedence over its variable`() throws {
        #expect(try sync(["MIRROR_JOBS": "7"], "--jobs", "2").jobs == 2)
        #expect(try sync(["MIRROR_JOBS": "junk"], "--jobs", "2").jobs == 2)
        #expect(try !sync(["MIRROR_DRY_RUN": "1"], "--no-dry-run").isDryRun)
        #expect(try sync(["MIRROR_PLATFORM": "a,b"], "--platform", "c").platforms == ["c"])
    }

    @Test(arguments: [("1", true), ("true", true), ("YES", true), ("off", false), ("0", false)])
    func `the variable of a flag is a Boolean`(text: String, expected: Bool) throws {
        #expect(try sync(["MIRROR_DRY_RUN": text]).isDryRun == expected)
        #expect(try sync(["MIRROR_VERIFY_TLS": text]).verifiesTLS == expected)
    }

    @Test func `empty and unrelated variables are ignored`() throws {
        let environment = ["MIRROR_JOBS": "", "JOBS": "9", "MIRROR_ID": "a", "MIRROR_HELP": "1"]
        #expect(try sync(environment) == Sync())
    }

    @Test(arguments: [
        ("MIRROR_JOBS", "many", "MIRROR_JOBS: 'many': expected an integer"),
        ("MIRROR_JOBS", "65", "MIRROR_JOBS: '65': expected a number from 1 to 64"),
        ("MIRROR_DRY_RUN", "maybe", "MIRROR_DRY_RUN: 'maybe': not true or false"),
        (
            "MIRROR_VALIDATION", "contents",
            "MIRROR_VALIDATION: 'contents': expected one of index, config, content: did you mean 'content'?"
        ),
    ])
    func `an error for an invalid value names its variable`(
        name: String, text: String, message: String
    ) {
        #expect(Program.errorMessage(["sync"], environment: [name: text]) == message)
    }
}

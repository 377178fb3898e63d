// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

@testable import ocimirror

/// The first step of `action.yml`: the installation of a verified release.
@Suite(.timeLimit(.minutes(10))) struct ActionInstallTests {
    private static let target =
        "/v\(InstallStage.version)/ocimirror-\(InstallStage.version)-linux-amd64.tar.gz"

    @Test func `a release with the given digest is installed`() async throws {
        let stage = try await InstallStage()
        let run = try await stage.install(["INPUT_SHA256": stage.digest])
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("verified by its SHA-256 digest"))
        #expect(stage.folder.text("output") == "version=\(InstallStage.version)\n")
        let path = stage.folder.text("path").dropLast()
        let said = try await stage.shell("'\(path)/ocimirror' --version")
        #expect(said == "ocimirror \(InstallStage.version)\n")
        #expect(stage.server.targets == [Self.target])
    }

    @Test func `a release with another digest is neither unpacked nor added to the path`()
        async throws
    {
        let stage = try await InstallStage()
        let run = try await stage.install(["INPUT_SHA256": String(repeating: "a", count: 64)])
        #expect(run.status == 1)
        #expect(run.output.contains("::error title=ocimirror::"))
        #expect(run.output.contains("has the SHA-256 digest \(stage.digest) instead of aaaa"))
        try await stage.expectNothingInstalled()
    }

    @Test func `without a digest, the attestation of the release workflow and its tag is required`()
        async throws
    {
        let stage = try await InstallStage()
        try await stage.stub("gh", "echo \"$*\" >>\"$STAGE/calls\"")
        let run = try await stage.install()
        #expect(run.status == 0, "\(run.said)")
        let call = stage.folder.text("calls")
        #expect(call.hasPrefix("attestation verify "))
        #expect(call.contains(" --repo owner/ocimirror "))
        #expect(call.contains(" --source-ref refs/tags/v\(InstallStage.version) "))
        #expect(
            call.contains(" --signer-workflow owner/ocimirror/.github/workflows/release.yml"))

        try await stage.stub("gh", "echo 'no attestation' >&2; exit 1")
        let rejected = try await stage.install()
        #expect(rejected.status == 1)
        #expect(rejected.output.contains("has no valid build attestation of owner/ocimirror"))
    }

    @Test func `without a digest and without gh, nothing is downloaded`() async throws {
        let stage = try await InstallStage()
        let run = try await stage.install()
        #expect(run.status == 1)
        #expect(run.output.contains("gh is not installed"))
        #expect(stage.server.targets == [])
        try await stage.expectNothingInstalled()
    }

    @Test func `without a version, the release that the action belongs to is installed`()
        async throws
    {
        let stage = try await InstallStage()
        let run = try await stage.install(["INPUT_VERSION": "", "INPUT_SHA256": stage.digest])
        // It is not published here.
        #expect(run.status == 1)
        #expect(run.output.contains(Program.version), "\(run.said)")
    }

    @Test(arguments: [
        "latest", "0.1", "v0.1.0", "01.2.3", "0.1.0/../../x", "../../0.1.0", "0.1.0-dev", "0.1.0 ",
        "0.1.0\n::warning::x", "$(touch pwned)", "0.1.0;touch pwned", "0.1.0%0a", "-o", "٠.١.٠",
    ])
    func `a version that is not that of a release is rejected before any request`(version: String)
        async throws
    {
        let stage = try await InstallStage()
        let run = try await stage.install(
            ["INPUT_VERSION": version, "INPUT_SHA256": stage.digest])
        #expect(run.status == 1, "\(run.said)")
        // One annotation, whatever the version contains.
        #expect(run.output.split(separator: "\n").count == 1, "\(run.output)")
        #expect(run.output.hasPrefix("::error title=ocimirror::the version "))
        #expect(stage.server.targets == [])
        #expect(try await stage.shell("ls pwned 2>/dev/null || true") == "")
    }

    @Test(arguments: [
        ("INPUT_SHA256", "abc", "64 hexadecimal digits"),
        ("INPUT_SHA256", String(repeating: "A", count: 64), "64 hexadecimal digits"),
        ("INPUT_BASE_URL", "http://127.0.0.1:1", "has to begin with https://"),
        ("INPUT_BASE_URL", "https://x -o /tmp/y", "has to begin with https://"),
        ("ACTION_REPOSITORY", "owner/../../x", "is not a repository"),
    ])
    func `an invalid input is rejected before any request`(
        name: String, value: String, message: String
    ) async throws {
        let stage = try await InstallStage()
        let run = try await stage.install(
            ["INPUT_SHA256": stage.digest].merging([name: value]) { $1 })
        #expect(run.status == 1)
        #expect(run.output.contains(message), "\(run.said)")
        #expect(stage.server.targets == [])
    }

    @Test func `a missing release, a redirect to HTTP and an unknown certificate are errors`()
        async throws
    {
        let stage = try await InstallStage()
        let digest = ["INPUT_SHA256": stage.digest]
        let missing = try await stage.install(digest.merging(["INPUT_VERSION": "9.9.9"]) { $1 })
        #expect(missing.status == 1)
        #expect(missing.output.contains("/v9.9.9/ocimirror-9.9.9-linux-amd64.tar.gz could not"))

        stage.server.redirect(Self.target, to: "http://127.0.0.1:1/x")
        #expect(try await stage.install(digest).status == 1)

        let untrusted = try await stage.install(
            digest.merging(["CURL_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt"]) { $1 })
        #expect(untrusted.status == 1)
        try await stage.expectNothingInstalled()
    }

    @Test(arguments: [
        ("-s", "Darwin", "ocimirror runs on Linux"), ("-m", "riscv64", "no release for riscv64"),
    ])
    func `a runner without a release is rejected`(option: String, word: String, message: String)
        async throws
    {
        let stage = try await InstallStage()
        try await stage.stub(
            "uname",
            """
            if [ $1 = \(option) ]; then echo \(word)
            elif [ $1 = -s ]; then echo Linux
            else echo x86_64; fi
            """)
        let run = try await stage.install(["INPUT_SHA256": stage.digest])
        #expect(run.status == 1)
        #expect(run.output.contains(message), "\(run.said)")
    }

    @Test func `a file that contains another version is an error`() async throws {
        let stage = try await InstallStage()
        try await stage.publish(version: "7.7.7", contains: InstallStage.version)
        let run = try await stage.install(
            ["INPUT_VERSION": "7.7.7", "INPUT_SHA256": stage.digest])
        #expect(run.status == 1)
        #expect(
            run.output.contains(
                "the file of release 7.7.7 contains ocimirror \(InstallStage.version)"),
            "\(run.said)")
        #expect(stage.folder.text("path") == "")
    }
}

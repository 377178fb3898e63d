// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// A server with a release, and the environment of a runner.
final class InstallStage {
    static let version = "1.2.3"
    let folder: TemporaryFolder
    let server: FileServer
    private(set) var digest = ""
    private let authority: CertificateAuthority

    init() async throws {
        folder = try TemporaryFolder()
        authority = try await CertificateAuthority.make()
        server = FileServer(certificate: try await authority.issue().pair)
        // The programs that the script uses, without gh.
        try await shell(
            """
            mkdir bin temp
            for name in bash curl cut cat dirname env find mktemp sed sha256sum sort tar gzip; do
                ln -s "$(command -v $name)" bin/
            done
            """)
        try await stub("uname", "if [ $1 = -s ]; then echo Linux; else echo x86_64; fi")
        try await publish(version: Self.version, contains: Self.version)
    }

    /// Publishes a release whose program states a version.
    func publish(version: String, contains stated: String) async throws {
        let name = "ocimirror-\(version)-linux-amd64"
        try await shell(
            """
            mkdir -p \(name)/bin
            printf '#!/bin/sh\\nprintf "[%%s]\\\\n" "$@" >>"${STAGE:-.}/words"\\necho ocimirror \(stated)\\n' \\
                >\(name)/bin/ocimirror
            chmod +x \(name)/bin/ocimirror && tar czf release.tar.gz \(name) && rm -r \(name)
            """)
        server.publish(folder.read("release.tar.gz"), at: "/v\(version)/\(name).tar.gz")
        digest = String(try await shell("sha256sum release.tar.gz").prefix(64))
    }

    /// Adds or replaces a program of the runner.
    func stub(_ name: String, _ script: String) async throws {
        try await shell("rm -f bin/\(name)")
        try folder.write("#!/bin/sh\n\(script)\n", to: "bin/\(name)")
        try await shell("chmod +x bin/\(name)")
    }

    /// Runs the first step of the action, with inputs that replace the usual ones.
    func install(_ inputs: [String: String] = [:]) async throws -> Run {
        try await shell(": >path; : >output")
        return try await run(
            "\(Workspace.project)/packaging/action/install",
            [
                "RUNNER_TEMP": folder("temp"), "GITHUB_PATH": folder("path"),
                "GITHUB_OUTPUT": folder("output"), "ACTION_REPOSITORY": "owner/ocimirror",
                "INPUT_BASE_URL": server.origin, "INPUT_VERSION": Self.version,
            ].merging(inputs) { $1 })
    }

    /// Runs a bash script with the programs of the runner.
    func run(_ script: String, _ environment: [String: String]) async throws -> Run {
        let result = try await SpawnedProcess.run(
            "env", ["--chdir=\(folder.path)", "PATH=\(folder("bin"))", "bash", script],
            environment: [
                "STAGE": folder.path, "TMPDIR": folder("temp"),
                "CURL_CA_BUNDLE": authority.certificateFile,
            ].merging(environment) { $1 })
        return Run(status: result.status, output: result.output, errors: result.errors)
    }

    func expectNothingInstalled() async throws {
        #expect(folder.text("path") == "")
        #expect(try await shell("find temp -name ocimirror -type f") == "")
    }

    @discardableResult
    func shell(_ line: String) async throws -> String {
        try await folder.shell(line)
    }
}

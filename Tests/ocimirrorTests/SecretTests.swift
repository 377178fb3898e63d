// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// Credentials are sent only to their registry.
@Suite(.timeLimit(.minutes(10))) struct `secrets` {
    private static let canary = "canary-9c1e-secret"

    /// The password in plain text and in all encodings that are used.
    private static func expectNoLeak(
        _ run: Run, in workspace: Workspace, user: String = "ci", except files: [String] = []
    ) async throws {
        let encoded = Authentication.basic(user, canary).dropFirst("Basic ".count)
        for needle in [canary, String(encoded)] {
            #expect(!run.said.contains(needle))
            let found = try await workspace.shell("grep -rlF -e '\(needle)' . || true")
            #expect(found.split(separator: "\n").filter { !files.contains(String($0)) }.isEmpty)
        }
        #expect(!run.said.contains("token-"))
    }

    @Test(arguments: [true, false])
    func `A22 are never part of the output`(isRight: Bool) async throws {
        let issuer = TokenIssuer(
            users: ["ci": isRight ? Self.canary : "another"], policy: TokenIssuer.usersOnly)
        let source = LoopbackRegistry(authentication: .bearer(issuer))
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        let target = try await DockerRegistry.start(users: ["ci": Self.canary])
        let options =
            "{plainHTTP: true, credentialsOverHTTP: true, credentials: {username: ci, password: \"${CANARY}\"}}"
        var workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(target.host)/mirror",
                registries: [source.host: options, target.host: options]
            ).text)
        workspace.environment = ["CANARY": Self.canary]
        for words in [["sync", "--verbose"], ["sync", "--json", "-v"], ["plan", "-v"]] {
            let run = try await workspace.run(arguments: words)
            #expect(run.status == (isRight ? 0 : 77), "\(run.said)")
            try await Self.expectNoLeak(run, in: workspace)
        }
        #expect(workspace.lock.contains("      app:") == isRight)
    }

    @Test func `come from a credential helper`() async throws {
        let registry = LoopbackRegistry(authentication: .basic(user: "ci", password: Self.canary))
        registry.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        var workspace = try Workspace(
            Mirror(
                from: ["\(registry.host)/app:1.0"], to: "oci:./mirror",
                registries: [registry.host: "{plainHTTP: true, credentialsOverHTTP: true}"]
            ).text)
        try workspace.folder.write(
            """
            #!/bin/sh
            [ "$1" = get ] && read -r server && [ "$server" = "\(registry.host)" ] || exit 1
            echo asked >> asked
            printf '{"ServerURL":"%s","Username":"ci","Secret":"\(Self.canary)"}' "$server"

            """, to: "docker-credential-loopback")
        try await workspace.shell("chmod +x docker-credential-loopback && mkdir docker")
        try workspace.folder.write(
            #"{"credHelpers": {"\#(registry.host)": "loopback"}}"#, to: "docker/config.json")
        workspace.environment = [
            "DOCKER_CONFIG": workspace.folder("docker"),
            "PATH": "\(workspace.folder.path):/usr/bin:/bin",
        ]
        let run = try await workspace.run("sync", "--verbose")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.errors.contains("docker-credential-loopback"))
        #expect(workspace.folder.text("asked") == "asked\n", "once for each registry")
        try await Self.expectNoLeak(run, in: workspace, except: ["./docker-credential-loopback"])
    }

    @Test func `A16 of a failing helper are an error that names the helper`()
        async throws
    {
        let registry = LoopbackRegistry(authentication: .basic(user: "ci", password: "x"))
        var workspace = try Workspace()
        try await workspace.shell("mkdir docker")
        try workspace.folder.write(
            #"{"credsStore": "nowhere"}"#, to: "docker/config.json")
        workspace.environment = ["DOCKER_CONFIG": workspace.folder("docker")]
        let run = try await workspace.run(
            "check", "--plain-http", registry.host, "\(registry.host)/app:1.0")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("docker-credential-nowhere"))
    }
}

// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// Runs behind a captive portal or a login page that responds to every request.
@Suite struct `a web page instead of a registry` {
    private static let fault = Fault.answer(
        ScriptedResponse(
            200, ["Content-Type": "text/html; charset=utf-8"],
            body: Bytes("<!DOCTYPE html><html><head><title>Hotel Wi-Fi</title></head></html>")))

    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()

    private func workspace(_ image: String) throws -> Workspace {
        try Workspace(
            Mirror(
                from: [image], to: "\(target.host)/mirror", plain: [source.host, target.host]
            ).text)
    }

    private static func expectUnknown(
        _ run: Run, location: SourceLocation = #_sourceLocation
    ) {
        #expect(run.status == 2, "\(run.said)", sourceLocation: location)
        #expect(
            run.output.contains("web page") && run.output.contains("Hotel Wi-Fi"), "\(run.said)",
            sourceLocation: location)
        #expect(run.output.contains("a captive portal"), sourceLocation: location)
        for claim in ["tag-moved", "drifted\n", "rejected ", "do not use", "missing "] {
            #expect(!run.output.contains(claim), "\(run.said)", sourceLocation: location)
        }
    }

    @Test func `is an error of check, not a result`() async throws {
        source.inject(.on(nil, "*", Self.fault))
        for name in ["1.0", "1.0@sha256:\(String(repeating: "a", count: 64))"] {
            let run = try await Workspace().run(
                "check", "--plain-http", source.host, "\(source.host)/app:\(name)")
            Self.expectUnknown(run)
        }
    }

    @Test func `is not a moved tag for sync and plan, and the lock file is unchanged`() async throws
    {
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        let workspace = try workspace("\(source.host)/app:1.0")
        #expect(try await workspace.run("sync").status == 0)
        let lock = workspace.lock
        for registry in [source, target] {
            registry.inject(.on(nil, "*", Self.fault))
            for command in ["plan", "sync"] {
                Self.expectUnknown(try await workspace.run(command))
            }
            registry.heal()
        }
        #expect(workspace.lock == lock)
        #expect(try await workspace.run("verify").status == 0)
    }

    @Test func `is not a tag listing`() async throws {
        source.inject(.on(nil, "*", Self.fault))
        let workspace = try workspace(
            "{source: \(source.host)/app, tags: {semver: \">=1\"}}")
        for command in ["plan", "sync"] {
            Self.expectUnknown(try await workspace.run(command))
        }
    }

    @Test func `is not drift for verify, and nothing is repaired`() async throws {
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        let workspace = try workspace("\(source.host)/app:1.0")
        #expect(try await workspace.run("sync").status == 0)
        for path in ["*", "/manifests/*", "/manifests/1.0", "/blobs/*"] {
            target.inject(.on(nil, path, Self.fault))
            for options in [[], ["--repair"]] {
                let run = try await workspace.run(arguments: ["verify"] + options)
                #expect(run.status == 2, "\(path): \(run.said)")
                #expect(run.output.contains("0 OK, 1 unknown"), "\(path): \(run.said)")
            }
            target.heal()
        }
        #expect(try await workspace.run("verify").status == 0)
    }

    @Test func `is not a successful login`() async throws {
        source.inject(.on(nil, "*", Self.fault))
        let workspace = try Workspace()
        try workspace.folder.write("secret", to: "password")
        let login = try await workspace.shell(
            "\(Workspace.program) login --plain-http \(source.host) --username ci "
                + "--password-stdin \(source.host) < password 2>&1 || echo \"exit $?\"")
        #expect(login.contains("exit 2") && login.contains("Hotel Wi-Fi"), "\(login)")
        #expect(try await workspace.shell("ls home 2>/dev/null || true").isEmpty)
    }
}

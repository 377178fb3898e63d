// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import Registry
import RegistryTestSupport
import StrictJSON
import Testing

@testable import ocimirror

/// Rejected credentials in reports and exit codes.
@Suite(.timeLimit(.minutes(10))) struct `A rejected credential` {
    private static let id = "credentials-rejected"

    private static func rejected(
        _ host: String, _ status: Int? = 401
    ) throws -> RejectedCredential {
        RejectedCredential(
            registry: try RegistryHost(parsing: host), source: "mirror.yaml", user: "ci",
            rejectedBy: host, status: status)
    }

    /// A public image with expired credentials.
    private static func source() -> LoopbackRegistry {
        let registry = LoopbackRegistry(
            authentication: .bearer(TokenIssuer(users: ["ci": "another"])))
        registry.publish(ImageBuilder().multiPlatform(seed: 90), repository: "app", tag: "1.0")
        return registry
    }

    private static func workspace(
        _ source: LoopbackRegistry, to target: LoopbackRegistry, _ tag: String = "1.0"
    ) throws -> Workspace {
        try Workspace(
            Mirror(
                from: ["\"\(source.host)/app:\(tag)\""], to: "\(target.host)/mirror",
                plain: [target.host],
                registries: [
                    source.host:
                        "{plainHTTP: true, credentials: {username: ci, password: canary}}"
                ], further: ["referrers: none"]
            ).text)
    }

    @Test func `is a warning in every report of a run that succeeds anonymously, with code 0`()
        async throws
    {
        let (source, target) = (Self.source(), LoopbackRegistry())
        let workspace = try Self.workspace(source, to: target)
        let run = try await workspace.run(
            "sync", "--report", "run.json", "--report", "run.md", "--report", "run.html",
            "--metrics", "run.prom")
        #expect(run.status == 0, "\(run.said)")
        let message = "\(source.host): credentials from mirror.yaml (user ci) rejected by"
        #expect(run.output.contains("warning: \(Self.id): \(message)"))
        #expect(run.output.contains("hint: renew registries.\(source.host).credentials"))
        #expect(run.errors.contains(message))
        let files = ["run.json", "run.md", "run.html"].map(workspace.folder.text)
        for text in files {
            #expect(text.contains(Self.id))
            #expect(text.contains(message))
            #expect(text.contains("renew registries."))
        }
        let metrics = workspace.folder.text("run.prom")
        #expect(
            metrics.contains(
                #"ocimirror_findings{finding="credentials-rejected",severity="warning"} 1"#))
        #expect(
            metrics.contains(#"ocimirror_credentials_rejected{registry="\#(source.host)"} 1"#))
        let finding = try Self.finding(in: JSONValue(parsing: Array(files[0].utf8)))
        #expect(finding?["id"] == .string(Self.id))
        #expect(finding?["severity"] == "warning")
        #expect(finding?["registry"] == .string(source.host))
        #expect(finding?["credential"] == "mirror.yaml")
        #expect(finding?["user"] == "ci")
        #expect(finding?["code"] == 401)
        #expect(finding?["anonymous"] == .array([.string("\(source.host)/app")]))
        #expect(!(run.said + files.joined() + metrics).contains("canary"))
    }

    @Test func `is a warning in the documents and log lines of the other commands`() async throws {
        let (source, target) = (Self.source(), LoopbackRegistry())
        let workspace = try Self.workspace(source, to: target)
        for command in [["plan"], ["check", "\(source.host)/app:1.0"]] {
            let text = try await workspace.run(arguments: command)
            #expect(text.status == 0, "\(text.said)")
            #expect(text.output.contains("warning: \(Self.id): "))
            let json = try await workspace.run(
                arguments: command + ["--json", "--log-format", "json"])
            #expect(try Self.finding(in: json.json)?["registry"] == .string(source.host))
            let events = try json.errors.split(separator: "\n").map {
                try JSONValue(parsing: Array($0.utf8))
            }
            let event = events.first { $0["event"] == .string(Self.id) }
            #expect(event?["level"] == "warning")
            #expect(event?["host"] == .string(source.host))
            #expect(!(text.said + json.said).contains("canary"))
        }
        // The mirror is public, and its password is wrong.
        #expect(try await workspace.run("sync").status == 0)
        let mirror = try Workspace(
            Mirror(
                from: ["\"\(target.host)/app:1.0\""], to: "\(source.host)/mirror",
                plain: [target.host],
                registries: [
                    source.host:
                        "{plainHTTP: true, credentials: {username: ci, password: canary}}"
                ], further: ["referrers: none"]
            ).text)
        try mirror.folder.write(
            workspace.lock.replacing(target.host, with: source.host).replacing(
                "mirror/app", with: "app"), to: "images.lock.yaml")
        for command in ["verify", "prune"] {
            let run = try await mirror.run(command)
            #expect(run.output.contains("warning: \(Self.id): "), "\(run.said)")
            let json = try await mirror.run(command, "--json")
            #expect(try Self.finding(in: json.json)?["user"] == "ci", "\(json.said)")
        }
    }

    @Test func `makes a rate limit 77, with the pull rate limit and the credential in one message`()
        async throws
    {
        let stage = try await StageKind.dockerHub.make(.exhausted)
        try await stage.publish(
            ImageBuilder().multiPlatform(seed: 91), at: "open/app", tag: "1.0")
        let target = LoopbackRegistry()
        for (login, code): (Login, Int32) in [(.wrong, 77), (.none, 75)] {
            let workspace = try stage.workspace(
                from: ["docker.io/open/app:1.0"], to: "\(target.host)/mirror",
                plain: [target.host], login: login)
            let run = try await workspace.run("sync", "--report", "run.json")
            #expect(run.status == code, "\(run.said)")
            let report = try JSONValue(
                parsing: Array(workspace.folder.text("run.json").utf8))
            let failure = report["images"]?.elements.first?["failure"]
            #expect(failure?["class"] == (login == .wrong ? "denied" : "quota"))
            #expect((try Self.finding(in: report) != nil) == (login == .wrong))
            #expect(run.output.contains("rejected by auth.docker.io (401)") == (login == .wrong))
        }
    }

    @Test func `makes a tag that is hidden from anonymous clients 77, not missing`() async throws {
        let (source, target) = (Self.source(), LoopbackRegistry())
        let workspace = try Self.workspace(source, to: target, "2.0")
        for command in [["sync"], ["plan"], ["check", "\(source.host)/app:2.0"]] {
            let run = try await workspace.run(arguments: command)
            #expect(run.status == 77, "\(run.said)")
            #expect(run.output.contains("warning: \(Self.id): "))
            #expect(!run.output.contains("1 missing"))
        }
    }

    @Test func `makes a login 77, also if the token server responds 400`() async throws {
        let registry = LoopbackRegistry(
            authentication: .bearer(TokenIssuer(users: ["ci": "another"])))
        registry.inject(.on(nil, "/token", .answer(400, body: #"{"error":"invalid_grant"}"#)))
        let workspace = try Workspace()
        let run = try await workspace.shell(
            "printf canary | '\(Workspace.program)' login --plain-http \(registry.host) "
                + "\(registry.host) -u ci --password-stdin 2>&1 || echo code $?")
        #expect(run.contains("code 77"), "\(run)")
        #expect(!run.contains("canary"))
    }

    @Test(arguments: [
        (401, false, true), (401, true, true), (403, false, true), (403, true, false),
    ])
    func `with 403 is not reported if the credential was accepted elsewhere`(
        status: Int, isAccepted: Bool, isReported: Bool
    ) throws {
        let log = CredentialLog()
        let rejected = try Self.rejected("ghcr.io", status)
        log.record(.credentialRejected(rejected))
        if isAccepted {
            log.record(.credentialAccepted(host: rejected.registry, source: rejected.source))
        }
        #expect(log.findings.all.isEmpty != isReported)
        // Anonymous reads are always reported.
        log.record(
            .anonymousFallback(
                repository: try Repository(parsing: "ghcr.io/o/app"), source: rejected.source))
        #expect(log.findings.all.map(\.anonymousReads.count) == [1])
    }

    private static func finding(in document: JSONValue) throws -> JSONValue? {
        document["findings"]?.elements.first
    }
}

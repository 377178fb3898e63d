// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

@testable import ocimirror

/// The command `doctor`.
@Suite(.timeLimit(.minutes(5))) struct `doctor` {
    private let image = ImageBuilder().multiPlatform(seed: 1)
    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()

    private func workspace(
        target: LoopbackRegistry? = nil, source: String? = nil
    ) throws -> Workspace {
        let (host, target) = (source ?? self.source.host, target ?? self.target)
        return try Workspace(
            Mirror(
                from: ["\(host)/app:1.0"], to: "\(target.host)/m", plain: [host, target.host]
            ).text)
    }

    /// Returns the status of each test of a registry.
    private func statuses(_ document: JSONValue, of host: String) throws -> [String: String] {
        let registry = try #require(
            document["registries"]?.elements.first { $0["registry"] == .string(host) })
        let checks = registry["checks"]?.elements ?? []
        return Dictionary(
            uniqueKeysWithValues: checks.map { check in
                (Self.string(check["check"]), Self.string(check["status"]))
            })
    }

    private static func string(_ value: JSONValue?) -> String {
        if case .string(let text)? = value { text } else { "" }
    }

    @Test func `tests every registry and leaves nothing behind`() async throws {
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try workspace()
        let before = try await workspace.run("doctor", "--json")
        #expect(before.status == 0, "\(before.said)")
        #expect(try statuses(before.json, of: target.host)["push"] == "not-checked")
        #expect(target.requests.allSatisfy { $0.method != .post })

        #expect(try await workspace.run("sync").status == 0)
        target.forgetRequests()
        let run = try await workspace.run("doctor", "--json")
        #expect(run.status == 0, "\(run.said)")
        let expected = [
            "name": "ok", "tls": "none", "credentials": "none", "pull": "ok", "pulls": "none",
        ]
        for host in [source.host, target.host] {
            let found = try statuses(run.json, of: host)
            for (test, status) in expected { #expect(found[test] == status, "\(host) \(test)") }
        }
        #expect(try statuses(run.json, of: target.host)["push"] == "ok")
        #expect(try statuses(run.json, of: source.host)["push"] == nil)
        let changes = target.requests.filter { $0.method != .get && $0.method != .head }
        #expect(changes.map(\.method) == [.post, .delete])
    }

    @Test func `reports a rejected cancellation as a note`() async throws {
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        target.inject(.on(.delete, "/uploads/*", .answer(500)))
        let run = try await workspace.run("doctor")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("note: push: the upload session could not be canceled"))
    }

    @Test func `ends with 77 if credentials are required`() async throws {
        let closed = LoopbackRegistry(authentication: .basic(user: "me", password: "canary"))
        let run = try await workspace(source: closed.host).run("doctor")
        #expect(run.status == 77, "\(run.said)")
        #expect(run.output.contains("error: pull: "), "\(run.output)")
        #expect(run.output.contains("1 of 2 registries failed"))
    }

    @Test func `ends with 2 for a host that is down, and states the hint`() async throws {
        let run = try await workspace(source: "127.0.0.1:1").run("doctor")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("error: connection: connection refused"), "\(run.output)")
        let row = run.output.split(separator: "\n").first { $0.hasPrefix("127.0.0.1:1 ") }
        #expect(
            row?.split(separator: " ").dropFirst(2).joined(separator: " ") == "failed - - - - -",
            "the network failed, not TLS")
        #expect(run.output.contains("hint: check the port"))
    }

    @Test func `states the class of a failure, and connects before TLS`() async throws {
        let run = try await workspace(source: "127.0.0.1:1").run("doctor", "--json")
        #expect(
            try statuses(run.json, of: "127.0.0.1:1") == ["name": "ok", "connection": "failed"])
        #expect(run.output.contains("\"class\": \"unavailable\""), "\(run.output)")
    }

    @Test func `names TLS for a rejected certificate`() async throws {
        let authority = try await CertificateAuthority.make()
        let registry = try await DockerRegistry.start(certificate: try await authority.issue())
        let workspace = try Workspace(
            Mirror(from: ["\(registry.host)/app:1.0"], to: "oci:mirror").text)
        let run = try await workspace.run("doctor", "--json")
        #expect(run.status == 2, "\(run.said)")
        #expect(
            try statuses(run.json, of: registry.host)
                == ["name": "ok", "connection": "ok", "tls": "failed"])
    }

    @Test func `ends with 75 if a registry throttles`() async throws {
        source.publish(image, repository: "app", tag: "1.0")
        var response = ScriptedResponse(.tooManyRequests, "")
        response.headers["retry-after"] = "3600"
        source.inject(.on(.head, "/manifests/*", .answer(response)))
        let run = try await workspace().run("doctor", "--retry-for", "1s", "--json")
        #expect(run.status == 75, "\(run.said)")
        #expect(run.output.contains("\"class\": \"throttled\""), "\(run.output)")
    }

    @Test func `states a failure that several tests share once`() async throws {
        let closed = LoopbackRegistry(authentication: .basic(user: "me", password: "canary"))
        source.publish(image, repository: "app", tag: "1.0")
        let run = try await workspace(target: closed).run("doctor")
        #expect(run.status == 77, "\(run.said)")
        #expect(run.output.contains("error: pull, push: reading the tag 1.0"), "\(run.output)")
        #expect(run.output.ranges(of: "error: ").count == 1)
    }

    @Test func `names the source of rejected credentials, once for all tests`() async throws {
        let closed = LoopbackRegistry(authentication: .basic(user: "me", password: "right"))
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try Workspace(
            """
            version: 1
            targets: [{prefix: "\(closed.host)/m", lock: lock.yaml}]
            registries:
              \(source.host): {plainHTTP: true}
              \(closed.host):
                plainHTTP: true
                credentials: {username: me, password: canary}
            images: ["\(source.host)/app:1.0"]
            """)
        let run = try await workspace.run("doctor")
        #expect(run.status == 77, "\(run.said)")
        #expect(
            run.output.contains(
                "error: credentials, pull, push: logging in to \(closed.host): credentials from "
                    + "mirror.yaml (user me) rejected (401)"), "\(run.output)")
        #expect(
            run.output.contains("hint: renew registries.\(closed.host).credentials of mirror.yaml"))
        #expect(run.output.ranges(of: "error: ").count == 1)
        #expect(!run.said.contains("canary"))
    }

    @Test func `shows pulls remaining only if a registry has a limit`() throws {
        func titles(_ pulls: RegistryDiagnosis.Check) throws -> String? {
            let diagnosis = RegistryDiagnosis(
                registry: try RegistryHost(parsing: "a.test"), roles: [.source], checks: [pulls])
            return DoctorDocument(registries: [diagnosis]).text(for: Console(environment: [:]))
                .split(separator: "\n").first?.split(separator: " ").joined(separator: " ")
        }
        #expect(
            try titles(.init(test: .pulls, status: .none))
                == "registry role network TLS login pull push clock")
        #expect(
            try titles(.init(test: .pulls, status: .ok, value: "76"))
                == "registry role network TLS login pull push remaining clock")
    }

    @Test func `ends with 2 for an unknown host, without further tests of it`() async throws {
        let run = try await workspace(source: "registry.invalid").run("doctor", "--json")
        #expect(run.status == 2, "\(run.said)")
        #expect(try statuses(run.json, of: "registry.invalid") == ["name": "failed"])
    }

    @Test func `ends with 78 for an invalid configuration`() async throws {
        #expect(try await Workspace("version: 1\n").run("doctor").status == 78)
        #expect(try await Workspace().run("doctor").status == 78)
    }

    @Test func `does not name the push right of a denied upload by the repository alone`()
        async throws
    {
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try workspace()
        #expect(try await workspace.run("sync").status == 0)
        target.inject(.on(.post, "/uploads/", .answer(403)))
        let run = try await workspace.run("doctor")
        #expect(run.status == 77, "\(run.said)")
        #expect(run.output.contains("error: push: opening an upload session of"))
    }
}

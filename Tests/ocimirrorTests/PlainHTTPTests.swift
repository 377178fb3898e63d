// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// HTTP and HTTPS that are mixed up, in both directions.
@Suite(.timeLimit(.minutes(5))) struct `plain HTTP` {
    private let image = ImageBuilder().multiPlatform(seed: 1)

    @Test func `is used for a loopback host without an option`() async throws {
        let registry = LoopbackRegistry()
        registry.publish(image, repository: "app", tag: "1.0")
        let run = try await Workspace().run("check", "\(registry.host)/app:1.0")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.errors.contains("\(registry.host): no TLS; using plain HTTP"))
    }

    @Test func `is used by sync for sources and targets on loopback hosts`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(from: ["\(source.host)/app:1.0"], to: "\(target.host)/m").text)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "m/app")["1.0"] == image.digest)
    }

    @Test func `is not used after a rejected certificate`() async throws {
        let authority = try await CertificateAuthority.make()
        let registry = try await DockerRegistry.start(certificate: try await authority.issue())
        let run = try await Workspace().run("check", "\(registry.host)/app:1.0")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("--ca-file"), "\(run.output)")
        #expect(!run.said.contains("plain HTTP"))
    }

    @Test func `that was found out carries no credentials`() async throws {
        let registry = LoopbackRegistry(authentication: .basic(user: "me", password: "canary"))
        registry.publish(image, repository: "app", tag: "1.0")
        var workspace = try Workspace()
        workspace.environment["REGISTRY_AUTH_FILE"] = workspace.folder("auth.json")
        try workspace.folder.write(
            #"{"auths":{"\#(registry.host)":{"auth":"bWU6Y2FuYXJ5"}}}"#, to: "auth.json")
        let run = try await workspace.run("check", "\(registry.host)/app:1.0")
        #expect(run.status == 77, "\(run.said)")
        #expect(run.output.contains("credentials not sent: http://\(registry.host)"))
        #expect(run.output.contains("registries.\(registry.host).plainHTTP: true"))
        let stated = try await workspace.run(
            "check", "--plain-http", registry.host, "\(registry.host)/app:1.0")
        #expect(stated.status == 0, "\(stated.said)")
    }

    @Test func `to a registry with TLS is reported as such`() async throws {
        let authority = try await CertificateAuthority.make()
        let registry = try await DockerRegistry.start(certificate: try await authority.issue())
        let run = try await Workspace().run(
            "check", "--plain-http", registry.host, "\(registry.host)/app:1.0")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("\(registry.host) requires TLS (400)"), "\(run.output)")
        #expect(run.output.contains("hint: remove --plain-http \(registry.host)"))
    }

    @Test(arguments: ["caFile", "clientCertificate"])
    func `is not the result of a missing file, which is a configuration error`(
        key: String
    ) async throws {
        let more = key == "clientCertificate" ? ", clientKey: k.pem" : ""
        let workspace = try Workspace(
            Mirror(
                from: ["reg.invalid/app:1.0"], to: "oci:mirror",
                registries: ["reg.invalid": "{\(key): missing.pem\(more)}"]
            ).text)
        let run = try await workspace.run("sync")
        #expect(run.status == 78, "\(run.said)")
        #expect(run.errors.contains("\(key): "), "\(run.errors)")
        #expect(run.errors.contains("missing.pem"))
    }

    @Test func `is not the result of a missing --ca-file either`() async throws {
        let run = try await Workspace().run("check", "--ca-file", "none.pem", "reg.invalid/app:1")
        #expect(run.status == 64, "\(run.said)")
        #expect(run.errors.contains("--ca-file"))
    }
}

// SPDX-License-Identifier: Apache-2.0

import Content
import RegistryTestSupport
import StrictJSON
import Testing

@testable import Mirroring
@testable import ocimirror

/// A host that accepts no connection is reported once, however many images need it.
@Suite(.timeLimit(.minutes(5))) struct `an unreachable host` {
    /// A port that no program of this machine listens on.
    private let dead = "127.0.0.1:1"

    private func workspace(images: Int) throws -> Workspace {
        try Workspace(
            Mirror(
                from: (0..<images).map { "\(dead)/app\($0):1.0" }, to: "oci:mirror", plain: [dead]
            ).text)
    }

    @Test func `ends the run with code 2, one message and a capped list of ids`() async throws {
        let workspace = try workspace(images: 60)
        let run = try await workspace.run("sync", "--report", "run.md", "--report", "run.json")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("60 images  failed"), "\(run.output)")
        #expect(
            run.output.contains(
                "error: source \(dead) is unreachable; 60 images not attempted: 3 connections failed"
            ))
        #expect(run.output.contains("app8, app9 and 50 more"))
        #expect(run.output.split(separator: "hint:").count == 2)
        #expect(run.output.split(separator: "\n").count < 12, "\(run.output)")
        let errors = run.errors.split(separator: "\n").filter { $0.contains("error:") }
        #expect(errors.count == 1, "\(run.errors)")
        #expect(errors.first?.contains("\(dead) is unreachable") == true)
        let page = workspace.folder.text("run.md")
        #expect(page.contains("60 images: `app0, "), "\(page)")
        let document = try JSONValue(parsing: workspace.folder.read("run.json"))
        #expect(document["images"]?.elements.count == 60, "machines get every image")
    }

    @Test func `is reported once by check and login`() async throws {
        let workspace = try Workspace()
        let check = try await workspace.run("check", "\(dead)/app:1.0")
        #expect(check.status == 2, "\(check.said)")
        #expect(check.said.ranges(of: "connections failed").count == 1, "\(check.said)")
        try workspace.folder.write("secret", to: "password")
        let output = try await workspace.shell(
            "\(Workspace.program) login --username me --password-stdin \(dead) <password 2>&1 || :")
        #expect(output.ranges(of: "connections failed").count == 1, "\(output)")
    }

    @Test func `and a denied one are not logged for every image`() async throws {
        let closed = LoopbackRegistry(authentication: .basic(user: "me", password: "canary"))
        let workspace = try Workspace(
            Mirror(
                from: (0..<30).map { "\(closed.host)/app\($0):1.0" }, to: "oci:mirror",
                plain: [closed.host]
            ).text)
        let run = try await workspace.run("sync")
        #expect(run.status == 77, "\(run.said)")
        let errors = run.errors.split(separator: "\n").filter { $0.contains("error:") }
        #expect(errors.count == 2, "\(run.errors)")
        #expect(
            errors.last?.hasSuffix("; more images with this cause are only in the result") == true)
        #expect(run.output.contains("30 images  failed"))
        let log = try await workspace.run("sync", "--log-format", "json")
        #expect(log.errors.ranges(of: "image-finished").count == 30, "machines get every image")
    }

    @Test func `is described without a role where there is only one registry`() async throws {
        let run = try await Workspace().run("lock", "pull", "\(dead)/mirror/images.lock:latest")
        #expect(run.status == 2)
        #expect(
            run.errors.contains(
                "error: reading the tag latest of \(dead)/mirror/images.lock: 3 connections failed"),
            "\(run.errors)")
        #expect(run.errors.ranges(of: "connections failed").count == 1, "\(run.errors)")
    }

    @Test(arguments: ["plan", "sync"])
    func `is listed once by every command`(command: String) async throws {
        let run = try await workspace(images: 5).run(command)
        #expect(run.status == 2)
        #expect(run.output.split(separator: "is unreachable").count == 2, "\(run.output)")
        #expect(run.output.contains("5 images  failed"))
    }
}

@Suite struct `a shared failure` {
    private func failure(_ reason: String, at host: String = "ghcr.io") -> ImageFailure {
        ImageFailure(
            .denied, role: .target, "target: pushing app of \(host)/x: \(reason)", hint: "log in",
            cause: FailureCause(host: host, reason: reason))
    }

    @Test func `is listed once for three images, and apart from other causes`() throws {
        var run = SampleRun()
        for number in 1...4 {
            try run.add(.failed, "app\(number)") { $0.failure = failure("access denied (403)") }
        }
        try run.add(.failed, "other") { $0.failure = failure("access denied (403)", at: "quay.io") }
        let text = run.report.text(for: Console(environment: [:]))
        #expect(text.contains("4 images  failed"), "\(text)")
        #expect(text.contains("error: target ghcr.io: access denied (403)"))
        #expect(text.contains("images: app1, app2, app3, app4\n"))
        #expect(text.contains("other     failed"))
    }

    @Test func `of two images is listed once, and different failures separately`() throws {
        var run = SampleRun()
        for number in 1...2 {
            try run.add(.failed, "app\(number)") { $0.failure = failure("access denied (403)") }
        }
        try run.add(.failed, "app3") { $0.failure = failure("unexpected status 500") }
        let text = run.report.text(for: Console(environment: [:]))
        #expect(text.contains("2 images  failed"), "\(text)")
        #expect(text.contains("images: app1, app2\n"), "\(text)")
        #expect(text.contains("app3      failed"), "\(text)")
    }
}

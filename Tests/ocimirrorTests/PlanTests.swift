// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

/// The actions of a run, without executing them.
@Suite(.timeLimit(.minutes(10))) struct `plan` {
    @Test func `lists images to copy, to replace and to leave, and writes nothing`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        let (old, new) = (
            ImageBuilder().multiPlatform(seed: 1), ImageBuilder().multiPlatform(seed: 2)
        )
        for name in ["fresh", "moved", "same"] {
            source.publish(old, repository: name, tag: "1.0")
        }
        let workspace = try Workspace(
            Mirror(
                from: ["fresh", "moved", "same"].map { "\(source.host)/\($0):1.0" },
                to: "\(target.host)/mirror", plain: [source.host, target.host]
            ).text)
        #expect(try await workspace.run("sync", "moved", "same").status == 0)
        source.publish(new, repository: "moved", tag: "1.0")
        let (before, lock) = (try await workspace.state(), workspace.lock)
        source.forgetRequests()
        target.forgetRequests()

        let run = try await workspace.run("plan")
        #expect(run.status == 0, "\(run.said)")
        let rows = run.output.split(separator: "\n").filter { !$0.hasPrefix(" ") }
        #expect(rows[0].hasPrefix("fresh  copy ") && rows[1].hasPrefix("moved  replace "))
        #expect(rows[2].hasPrefix("same   unchanged "))
        #expect(run.output.contains("    to \(target.host)/mirror/fresh:1.0\n"))
        #expect(run.output.contains("tag-moved"))
        #expect((source.requests + target.requests).allSatisfy { $0.method == .head })
        #expect(source.requests.count + target.requests.count == 6)
        #expect(try await workspace.state() == before && workspace.lock == lock)

        let document = try await workspace.run("plan", "--json").json
        #expect(
            document.keys == [
                "schema", "command", "exitCode", "offline", "dockerHubPulls", "findings", "images",
                "problems",
            ])
        let images = document["images"]?.elements ?? []
        #expect(
            images.map { $0["targets"]?.elements.first?["action"] } == [
                .string("copy"), .string("replace"), .string("nothing"),
            ])
    }

    @Test func `accepts the project's own configuration offline`() async throws {
        let workspace = try Workspace()
        let run = try await workspace.run(
            "plan", "--offline", "--config", "\(Workspace.project)/mirror.yaml")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("ghcr.io/ameideio/mirror/temporalio-server:1.29.1"))
        #expect(run.output.contains("\n31 images\n"))
        let json = try await workspace.run(
            "plan", "--offline", "--json", "-c", "\(Workspace.project)/mirror.yaml"
        ).json
        #expect(json["offline"] == .bool(true))
        #expect(json["images"]?.elements.count == 31)
        #expect(json["images"]?.elements.first?.keys == ["id", "source", "targets"])
    }

    @Test func `counts one image as one`() async throws {
        let workspace = try Workspace(
            Mirror(from: ["busybox:1.36"], to: "example.com/mirror").text)
        let run = try await workspace.run("plan", "--offline")
        #expect(run.output.hasSuffix("\n1 image\n"))
    }

    @Test func `suggests a similar id`() async throws {
        let workspace = try Workspace(
            Mirror(from: ["busybox:1.36"], to: "example.com/mirror").text)
        let run = try await workspace.run("plan", "--offline", "bussybox")
        #expect(run.status == 64)
        #expect(run.errors.contains("did you mean 'busybox'"))
    }
}

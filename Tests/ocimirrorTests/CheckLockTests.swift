// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// Checks of tags against a lock file, as a bot does them.
@Suite(.timeLimit(.minutes(10))) struct `check with a lock` {
    private static let image = BuiltImage.running([.amd64, .arm64])

    /// A lock file written by `sync`, and its two registries.
    private struct Locked {
        let source: LoopbackRegistry
        let target: LoopbackRegistry
        let workspace: Workspace

        init(
            _ image: BuiltImage = image, validation: String = "content"
        ) async throws {
            source = LoopbackRegistry()
            target = LoopbackRegistry()
            source.publish(image, repository: "app", tag: "1.0")
            workspace = try Workspace(
                Mirror(
                    from: ["{source: \"\(source.host)/app:1.0\", validation: \(validation)}"],
                    to: "\(target.host)/mirror", plain: [source.host, target.host]
                ).text)
            let run = try await workspace.run("sync")
            try #require(run.status == 0, "\(run.said)")
        }

        func check(_ image: String, _ options: String...) async throws -> Run {
            try await workspace.run(
                arguments: ["check", "--lock", "images.lock.yaml"] + options + [image])
        }
    }

    @Test func `a locked image is valid without reading it`() async throws {
        let locked = try await Locked()
        for (registry, name) in [
            (locked.source, "\(locked.source.host)/app:1.0"),
            (locked.target, "\(locked.target.host)/mirror/app:1.0"),
            (locked.target, "\(locked.target.host)/mirror/app@\(Self.image.digest)"),
        ] {
            let before = registry.requests.count
            let run = try await locked.check(name)
            #expect(run.status == 0, "\(run.said)")
            #expect(
                run.output.contains(
                    "OK: matches the lock file (content); use \(locked.target.host)/mirror/app@"
                )
            )
            #expect(registry.requests.dropFirst(before).map(\.method) == [.head])
        }
        let answer = try await locked.check("\(locked.source.host)/app:1.0", "--json").json
        let lock = answer["images"]?.elements.first?["lock"]
        #expect(lock?.keys == ["id", "digest", "validation", "notChecked", "pinned"])
        #expect(lock?["id"] == .string("app"))
    }

    @Test func `a locked image whose content could not be checked is not called valid content`()
        async throws
    {
        let locked = try await Locked(ImageBuilder().multiPlatform())
        let name = "\(locked.source.host)/app:1.0"
        let run = try await locked.check(name)
        #expect(run.status == 0, "\(run.said)")
        #expect(
            run.output.contains(
                "OK: matches the lock file (config; content not checked: linux/amd64, linux/arm64)"
            ), "\(run.said)")
        let lock = try await locked.check(name, "--json").json["images"]?.elements.first?["lock"]
        #expect(lock?["validation"] == .string("config"))
        #expect(lock?["notChecked"]?.elements.count == 2)
    }

    @Test func `a tag that moved is reported`() async throws {
        let locked = try await Locked()
        locked.source.publish(
            ImageBuilder().multiPlatform(seed: 2), repository: "app", tag: "1.0")
        let run = try await locked.check("\(locked.source.host)/app:1.0")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("but the lock file lists \(Self.image.digest.short)"))
        #expect(run.output.contains("FAIL: does not match the lock file"))
    }

    @Test(
        arguments: [
            (["--platform", "linux/s390x"], "no image for linux/s390x"),
            (["--require", "nc"], "does not record a check of nc"),
            ([], "records validation level 'config'"),
        ])
    func `an image with a lower validation level is validated again`(
        _ options: [String], _ reason: String
    ) async throws {
        let locked = try await Locked(validation: options.isEmpty ? "config" : "content")
        let run = try await locked.workspace.run(
            arguments: ["check", "--lock", "images.lock.yaml"] + options
                + ["\(locked.source.host)/app:1.0"])
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains(reason), "\(run.said)")
    }

    @Test func `an image without a lock entry is rejected`() async throws {
        let locked = try await Locked()
        locked.source.publish(Self.image, repository: "other", tag: "1.0")
        let run = try await locked.check("\(locked.source.host)/other:1.0")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("no lock entry for"))
        #expect(run.output.contains("hint: add it to mirror.yaml and run 'ocimirror sync'"))
    }

    @Test func `a missing lock file is a configuration error`() async throws {
        let run = try await Workspace().run("check", "--lock", "none.yaml", "example.com/app:1.0")
        #expect(run.status == 78, "\(run.said)")
    }
}

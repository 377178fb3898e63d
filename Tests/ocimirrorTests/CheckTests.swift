// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// Validation of images before they are used.
@Suite(.timeLimit(.minutes(10))) struct `check` {
    let registry: LoopbackRegistry
    let workspace: Workspace
    let good = BuiltImage.running([.amd64, .arm64])

    init() throws {
        registry = LoopbackRegistry()
        workspace = try Workspace()
        for tag in ["1.2.4", "1.3.0-rc1", "1.1.0", "latest"] {
            registry.publish(good, repository: "app", tag: tag)
        }
        registry.publish(ImageBuilder().amd64Only(), repository: "one", tag: "1.0")
        registry.publish(ImageBuilder().liar(), repository: "liar", tag: "1.0")
    }

    private func verdict(_ images: String..., options: String...) async throws -> Run {
        try await workspace.run(
            arguments: ["check", "--plain-http", registry.host] + options
                + images.map { $0.hasPrefix("oci:") ? $0 : "\(registry.host)/\($0)" })
    }

    @Test func `accepts an image for both platforms`() async throws {
        let run = try await verdict("app:1.2.4")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("OK: valid for linux/amd64, linux/arm64 (content)"))
        #expect(run.output.contains(good.digest.description))
        #expect(
            run.errors.hasPrefix(
                "ocimirror: \(registry.host)/app:1.2.4: metadata valid; "
                    + "scanning 3 layers"))
        #expect(run.output.contains("config ok  content ok"))
        #expect(!registry.requests.contains { $0.method != .head && $0.method != .get })
    }

    @Test func `suggests similar tags and the newest release if a tag is missing`()
        async throws
    {
        let run = try await verdict("app:v1.3.0")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("hint: use an existing tag, such as 1.3.0-rc1"))
        #expect(run.output.contains("1.2.4"))
        #expect(run.output.contains("FAIL: image not found"))
    }

    @Test func `reports a missing repository`() async throws {
        let run = try await verdict("nowhere:1.0")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("repository \(registry.host)/nowhere not found"))
    }

    @Test(
        arguments: [
            ("one:1.0", "platform-missing", "linux/arm64"),
            ("liar:1.0", "config-mismatch", "linux/amd64"),
        ])
    func `rejects`(image: String, finding: String, platform: String) async throws {
        let run = try await verdict(image)
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("error: \(finding): "))
        #expect(run.output.contains(platform))
    }

    @Test func `requires only the given platforms`() async throws {
        #expect(try await verdict("one:1.0", options: "--platform", "linux/amd64").status == 0)
        #expect(try await verdict("one:1.0", options: "--platform=linux/s390x").status == 1)
    }

    @Test func `reports each of several images`() async throws {
        let run = try await verdict("app:1.2.4", "one:1.0", "app:9", "app@\(good.digest)")
        #expect(run.status == 1)
        let verdicts = run.output.split(separator: "\n").filter {
            $0.hasPrefix("OK:") || $0.hasPrefix("FAIL:")
        }
        #expect(verdicts.map { $0.prefix(3) } == ["OK:", "FAI", "FAI", "OK:"])
    }

    @Test func `prints the result as JSON`() async throws {
        let run = try await verdict("app:1.2.4", "app:v1.3.0", options: "--json")
        #expect(run.status == 1)
        let document = try run.json
        #expect(document.keys == ["schema", "command", "exitCode", "images", "findings", "pulls"])
        #expect(document["exitCode"] == .integer(1))
        let images = document["images"]?.elements ?? []
        #expect(images.count == 2)
        for image in images {
            #expect(
                image.keys == [
                    "name", "valid", "digest", "mediaType", "size", "validation", "platforms",
                    "attestations", "attachments", "findings", "suggestions", "completeTag", "lock",
                    "failure",
                ])
        }
        #expect(images.first?["valid"] == .bool(true))
        #expect(images.first?["digest"] == .string(good.digest.description))
        #expect(images.first?["platforms"]?.elements.count == 2)
        #expect(
            images.first?["platforms"]?.elements.first?.keys == [
                "platform", "digest", "size", "downloadSize", "created", "config", "content",
            ])
        #expect(images.first?["platforms"]?.elements.last?["content"] == .string("ok"))
        #expect(images.last?["completeTag"] == .string("1.2.4"))
        #expect(images.last?["valid"] == .bool(false))
        #expect(images.last?["failure"]?.keys == ["class", "at", "message", "hint"])
        #expect(images.last?["suggestions"]?["newestRelease"] == .string("1.2.4"))
    }

    @Test func `validates the required content on every platform`() async throws {
        let has = try await verdict(
            "app:1.2.4", options: "--validation", "index", "--require", "/usr/share/data",
            "--require",
            "app")
        #expect(has.status == 0, "\(has.said)")
        let lacks = try await verdict("app:1.2.4", options: "--require", "nc")
        #expect(lacks.status == 1, "\(lacks.said)")
        #expect(lacks.output.contains("error: path-missing: "))
    }

    @Test func `suggests a tag with all platforms if one is missing`() async throws {
        registry.publish(ImageBuilder().amd64Only(), repository: "app", tag: "1.2.5")
        let run = try await verdict("app:1.2.5")
        #expect(run.status == 1, "\(run.said)")
        #expect(
            run.output.contains(
                "FAIL: image rejected for linux/arm64; 1.2.4 has both platforms; contents not checked"
            ))
    }

    @Test func `never suggests another tag of the same digest`() async throws {
        let bad = ImageBuilder().liar()
        for tag in ["2.0.0", "2.0.1"] { registry.publish(bad, repository: "bad", tag: tag) }
        let run = try await verdict("bad:2.0.1")
        #expect(run.output.contains("FAIL: image rejected"), "\(run.said)")
        #expect(!run.output.contains("contents not checked"), "\(run.said)")
    }

    @Test func `lists referrers, whether or not the registry has the referrers API`()
        async throws
    {
        let builder = ImageBuilder()
        let signature = builder.artifact("application/x.signature", "signed", about: nil)
        registry.publish(signature, repository: "app", tag: "sha256-\(good.digest.hex).sig")
        let list = builder.artifact(
            "application/spdx+json", "parts", about: good.root.descriptor)
        registry.publish(list, repository: "app", tag: "parts")
        let run = try await verdict("app:1.2.4", options: "--json")
        let kinds = try run.json["images"]?.elements.first?["attachments"]?.elements
        #expect(
            kinds?.compactMap { $0["kind"] } == [
                .string("application/spdx+json"), .string("cosign signature"),
            ], "\(run.said)")
    }

    @Test func `requires an explicit 'latest'`() async throws {
        let run = try await verdict("app")
        #expect(run.status == 64)
        #expect(run.errors.contains("'latest' is not assumed"))
        #expect(registry.requests.isEmpty)
    }
}

extension JSONValue {
    /// The names of an object's members, in their order.
    var keys: [String] {
        if case .object(let members) = self { members.map(\.name) } else { [] }
    }

    /// The elements of an array.
    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// The value of a member.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}

// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Removal of unreferenced tags and manifests.
@Suite struct `prune` {
    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()
    private let images = (1...3).map { ImageBuilder().multiPlatform(seed: UInt64($0) + 60) }

    private func mirror(_ names: [String] = ["app"]) -> String {
        Mirror(
            from: names.map { "\"\(source.host)/\($0):1.0\"" }, to: "\(target.host)/mirror",
            plain: [source.host, target.host], further: ["referrers: none"]
        ).text
    }

    /// An image whose tag moved twice, and one without an entry.
    private func begin() async throws -> Workspace {
        source.publish(images[0], repository: "old", tag: "1.0")
        let workspace = try Workspace(mirror(["app", "old"]))
        for image in images {
            source.publish(image, repository: "app", tag: "1.0")
            #expect(try await workspace.run("sync").status == 0)
        }
        try workspace.configure(mirror())
        #expect(try await workspace.run("sync").status == 0)
        return workspace
    }

    private func tags(_ name: String) -> Set<String> { Set(target.tags(of: "mirror/\(name)").keys) }

    private var kept: [String] { images.prefix(2).map { "kept-\($0.digest.hex)" } }

    @Test func `lists what it would remove, and removes nothing by default`() async throws {
        let workspace = try await begin()
        let run = try await workspace.run("prune", "old")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("3 tags can be removed, 1 kept"), "\(run.said)")
        for tag in kept { #expect(run.output.contains(tag)) }
        #expect(run.output.contains("mirror/old:1.0"))
        #expect(tags("app") == Set(kept + ["1.0"]) && tags("old") == ["1.0"])
    }

    @Test func `removes only what it listed, with --execute`() async throws {
        let workspace = try await begin()
        let run = try await workspace.run("prune", "old", "--yes", "--json")
        #expect(run.status == 0, "\(run.said)")
        #expect(tags("app") == ["1.0"] && tags("old").isEmpty)
        let again = try await workspace.run("prune", "old", "--yes")
        #expect(again.output.contains("0 of 0 tags removed, 1 kept"), "\(again.said)")
    }

    @Test func `removes the signatures of what it removes, and no others`() async throws {
        let workspace = try await begin()
        let builder = ImageBuilder()
        let signatures = images.map { "sha256-\($0.digest.hex).sig" }
        for (name, tag) in [("old", signatures[0]), ("app", signatures[0]), ("app", signatures[2])]
        {
            target.publish(
                builder.artifact("application/test", tag, about: nil), repository: "mirror/\(name)",
                tag: tag)
        }
        let run = try await workspace.run("prune", "old", "--yes")
        #expect(run.status == 0, "\(run.said)")
        #expect(tags("old").isEmpty, "\(run.said)")
        #expect(tags("app") == ["1.0", signatures[2]], "\(run.said)")
    }

    @Test func `keeps what another lock file or a keep list contains`() async throws {
        let workspace = try await begin()
        try await workspace.shell(
            "sed 's/\(images[2].digest.hex)/\(images[0].digest.hex)/g' images.lock.yaml > prod.yaml"
        )
        try workspace.folder.write("app \(images[1].digest)\n", to: "keep.txt")
        let run = try await workspace.run(
            "prune", "--lock", "prod.yaml", "--keep", "keep.txt", "--yes")
        #expect(run.status == 0, "\(run.said)")
        #expect(tags("app") == Set(kept + ["1.0"]))
    }

    @Test func `keeps signatures of existing images, and removes those of removed ones`()
        async throws
    {
        let workspace = try await begin()
        let signature = ImageBuilder().artifact("application/sig", "s", about: nil)
        let (here, gone) = (images[2].digest.hex, String(repeating: "ab", count: 32))
        for hex in [here, gone] {
            target.publish(signature, repository: "mirror/app", tag: "sha256-\(hex).sig")
        }
        // The tag has half of the digest, so its subject is unknown.
        let truncated = "sha512-\(gone).sig"
        target.publish(signature, repository: "mirror/app", tag: truncated)
        target.forgetRequests()
        let run = try await workspace.run("prune", "--yes")
        #expect(run.status == 0, "\(run.said)")
        #expect(tags("app") == ["1.0", "sha256-\(here).sig", truncated])
        #expect(target.requests.count(of: .manifestHead) == 1)
    }

    @Test func `never removes a manifest that another tag points to`() async throws {
        let workspace = try await begin()
        // A registry that can delete only manifests: a superfluous tag has the digest of the
        // current one.
        target.setTag("extra", of: "mirror/app", to: images[2].digest)
        target.inject(
            .on(
                .delete, "/manifests/*", where: { !$0.path.contains("sha256:") },
                .answer(.unsupported)))
        let run = try await workspace.run("prune", "--yes")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("is still in use"), "\(run.said)")
        #expect(tags("app") == ["1.0", "extra"])
        #expect(target.violations.isEmpty)
    }

    @Test func `reports a registry that does not support deletion`() async throws {
        let workspace = try await begin()
        target.inject(.on(.delete, "/manifests/*", .answer(.unsupported)))
        let run = try await workspace.run("prune", "--yes")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("the registry does not support deletion"), "\(run.said)")
        #expect(tags("app") == Set(kept + ["1.0"]))
    }

    @Test func `requests the delete action only when it deletes`() async throws {
        let issuer = TokenIssuer(users: ["ci": "pw"])
        let guarded = LoopbackRegistry(authentication: .bearer(issuer))
        source.publish(images[0], repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["\"\(source.host)/app:1.0\""], to: "\(guarded.host)/mirror",
                plain: [source.host],
                registries: [
                    guarded.host: "{plainHTTP: true, credentials: {username: ci, password: pw}}"
                ], further: ["referrers: none"]
            ).text)
        #expect(try await workspace.run("sync").status == 0)
        #expect(!guarded.requests.contains { $0.target.contains("delete") })
        guarded.publish(images[1], repository: "mirror/app", tag: "extra")
        let run = try await workspace.run("prune", "--yes")
        #expect(run.status == 0, "\(run.said)")
        #expect(Set(guarded.tags(of: "mirror/app").keys) == ["1.0"])
    }

    @Test func `requires a lock file`() async throws {
        let workspace = try Workspace(mirror())
        #expect(try await workspace.run("prune").status == 78)
    }
}

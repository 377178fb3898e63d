// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// Signatures and SBOMs, read by an independent client.
@Suite(.timeLimit(.minutes(10))) struct `a referrer` {
    private static let parts = "application/spdx+json"
    private static let signature = "application/vnd.dev.cosign.artifact.sig.v1+json"
    private let image = ImageBuilder().multiPlatform(seed: 900)
    private let builder = ImageBuilder()

    private func registry(listing: Bool) -> LoopbackRegistry {
        var traits = RegistryTraits()
        traits.listsReferrers = listing
        return LoopbackRegistry(traits)
    }

    /// An SBOM of the index and of one child, and a signature of the first SBOM.
    private func publish(in source: LoopbackRegistry) throws -> [BuiltImage] {
        source.publish(image, repository: "app", tag: "1.0")
        let child = image.manifests[0].descriptor
        let parts = builder.artifact(
            Self.parts, "parts", about: image.root.descriptor, annotations: ["by": "upstream"])
        let referrers = [
            parts, builder.artifact(Self.parts, "parts of a child", about: child),
            builder.artifact(Self.signature, "a signature", about: parts.root.descriptor),
        ]
        for referrer in referrers { source.publish(referrer, repository: "app") }
        return referrers
    }

    /// Lists referrers with the fallback tags.
    private func list(_ referrers: [BuiltImage], in source: LoopbackRegistry) throws {
        for referrer in referrers {
            let subject = try #require(try referrer.root.decoded().subject)
            let index = builder.index([.unlabelled(referrer)])
            source.publish(index, repository: "app", tag: "sha256-\(subject.digest.hex)")
        }
    }

    private func workspace(
        _ source: LoopbackRegistry, _ target: LoopbackRegistry, _ further: [String] = []
    ) throws -> Workspace {
        try Workspace(
            Mirror(
                from: ["\"\(source.host)/app:1.0\""], to: "\(target.host)/mirror",
                plain: [source.host, target.host], further: further
            ).text)
    }

    @Test(arguments: [true, false], [true, false])
    func `is copied, whether or not source and target have the referrers API`(
        sourceLists: Bool, targetLists: Bool
    ) async throws {
        let (source, target) = (registry(listing: sourceLists), registry(listing: targetLists))
        let referrers = try publish(in: source)
        if !sourceLists { try list(referrers, in: source) }
        let run = try await workspace(source, target).run("sync", "--json")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.violations.isEmpty)
        #expect(run.output.contains(#""copied": 3"#), "\(run.said)")
        let reader = SignatureReader(host: target.host, repository: "mirror/app")
        #expect(try await reader.content(of: image.digest, Self.parts) == ["parts"])
        let child = image.manifests[0].descriptor.digest
        #expect(try await reader.content(of: child, Self.parts) == ["parts of a child"])
        #expect(
            try await reader.content(of: referrers[0].digest, Self.signature) == ["a signature"])
        #expect(try await reader.annotations(of: image.digest) == ["by": "upstream"])
    }

    @Test func `is not refreshed without changes, unless requested`() async throws {
        let (source, target) = (registry(listing: true), registry(listing: false))
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try workspace(source, target)
        #expect(try await workspace.run("sync").status == 0)
        // The image is signed after it was mirrored.
        let late = builder.artifact(Self.signature, "late", about: image.root.descriptor)
        source.publish(late, repository: "app")
        source.forgetRequests()
        #expect(try await workspace.run("sync").status == 0)
        #expect(source.requests.map(\.kind) == [.manifestHead])
        let run = try await workspace.run("sync", "--refresh-referrers")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("1 referrer"), "\(run.said)")
        let reader = SignatureReader(host: target.host, repository: "mirror/app")
        #expect(try await reader.content(of: image.digest, Self.signature) == ["late"])
    }

    @Test func `is not copied if disabled`() async throws {
        let (source, target) = (registry(listing: true), registry(listing: true))
        _ = try publish(in: source)
        let run = try await workspace(source, target, ["referrers: none"]).run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(source.requests.count(of: .referrers, .tagListing) == 0)
        #expect(target.manifests(of: "mirror/app").count == 3)
    }

    @Test func `can refer to a cosign tag, which is copied`() async throws {
        let (source, target) = (registry(listing: false), registry(listing: false))
        source.publish(image, repository: "app", tag: "1.0")
        let tag = "sha256-\(image.digest.hex).sig"
        let signature = builder.artifact(Self.signature, "one", about: nil)
        source.publish(signature, repository: "app", tag: tag)
        let workspace = try workspace(source, target)
        let run = try await workspace.run("sync", "--json")
        #expect(run.output.contains(#""tags": 1"#), "\(run.said)")
        let reader = SignatureReader(host: target.host, repository: "mirror/app")
        #expect(try await reader.content(underTag: tag) == "one")

        // Referrers that were added at the mirror are kept.
        let own = builder.artifact(Self.signature, "our own", about: nil)
        target.publish(own, repository: "mirror/app", tag: tag)
        let again = try await workspace.run("sync", "--refresh-referrers")
        #expect(again.status == 0)
        #expect(again.output.contains("not overwritten"), "\(again.said)")
        #expect(try await reader.content(underTag: tag) == "our own")
    }

    @Test func `is added to the list in the target's fallback tag`() async throws {
        let (source, target) = (registry(listing: true), registry(listing: false))
        _ = try publish(in: source)
        target.publish(image, repository: "mirror/app")
        let own = builder.artifact("application/own", "own", about: image.root.descriptor)
        target.publish(
            builder.index([.unlabelled(own)]), repository: "mirror/app",
            tag: "sha256-\(image.digest.hex)")
        #expect(try await workspace(source, target).run("sync").status == 0)
        let reader = SignatureReader(host: target.host, repository: "mirror/app")
        #expect(try await reader.content(of: image.digest, nil).sorted() == ["own", "parts"])
    }

    @Test func `that cannot be read is a warning`() async throws {
        let (source, target) = (registry(listing: true), registry(listing: true))
        _ = try publish(in: source)
        source.inject(.on(.get, "/referrers/*", .answer(403)))
        source.inject(.on(.get, "/tags/list", .answer(403)))
        let run = try await workspace(source, target).run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("1 mirrored"))
        // The cause is reported once.
        #expect(run.output.split(separator: "warning: ").count == 2, "\(run.said)")
        #expect(run.output.contains("warning: referrers of sha256:"), "\(run.said)")
        #expect(target.tags(of: "mirror/app")["1.0"] == image.digest)
    }

    @Test func `is accepted only if its subject matches`() async throws {
        let (source, target) = (registry(listing: false), registry(listing: true))
        source.publish(image, repository: "app", tag: "1.0")
        let other = builder.artifact(Self.parts, "of another", about: image.manifests[0].descriptor)
        source.publish(
            builder.index([.unlabelled(other)]), repository: "app",
            tag: "sha256-\(image.digest.hex)")
        let run = try await workspace(source, target).run("sync")
        #expect(run.status == 0)
        #expect(run.output.contains("does not name"), "\(run.said)")
        #expect(target.manifests(of: "mirror/app")[other.digest] == nil)
    }

    @Test func `B12 in a cycle is read once`() async throws {
        let (source, target) = (registry(listing: false), registry(listing: true))
        source.publish(image, repository: "app", tag: "1.0")
        // A fallback tag of a referrer that lists the image's own index as its referrer.
        let parts = builder.artifact(Self.parts, "parts", about: image.root.descriptor)
        source.publish(parts, repository: "app")
        try list([parts], in: source)
        source.publish(
            builder.index([.unlabelled(image)]), repository: "app",
            tag: "sha256-\(parts.digest.hex)")
        let run = try await workspace(source, target).run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(source.requests.of(.manifestGet).count < 10)
    }
}

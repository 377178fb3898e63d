// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// The gallery of odd registries, each as the source, the target or an endpoint of a mirror.
@Suite struct `an odd registry` {
    /// A behavior with the result of a command.
    struct Row: Sendable, CustomTestStringConvertible {
        let behavior: OddBehavior
        var arguments = ["sync"]
        let exit: Int32
        /// A part of the output.
        var says = ""
        /// The numbers of requests that the odd registry receives, by purpose.
        let requests: [RequestClass: Int]

        var testDescription: String { "\(behavior), \(arguments[0])" }
    }

    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()
    private let image = ImageBuilder().layered(top: 1)
    private var signatureTag: String { "sha256-\(image.digest.hex).sig" }

    private func workspace(endpoint: LoopbackRegistry? = nil) throws -> Workspace {
        source.publish(image, repository: "app", tag: "1.0")
        let builder = ImageBuilder()
        source.publish(
            builder.artifact("application/test", "sbom", about: image.root.descriptor),
            repository: "app")
        source.publish(
            builder.artifact("application/test", "signature", about: nil), repository: "app",
            tag: signatureTag)
        let endpoints = endpoint.map { ", endpoints: [\"\($0.host)\"]" } ?? ""
        return try Workspace(
            Mirror(
                from: ["{source: \"\(source.host)/app:1.0\", name: app}"],
                to: "\(target.host)/mirror",
                plain: [target.host] + (endpoint.map { [$0.host] } ?? []),
                registries: [source.host: "{plainHTTP: true\(endpoints)}"]
            ).text)
    }

    private func arguments(_ row: Row) -> [String] {
        row.arguments.map { $0.replacing("SOURCE", with: source.host) }
    }

    private func expect(
        _ run: Run, _ row: Row, of registry: LoopbackRegistry,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(run.status == row.exit, "\(run.said)", sourceLocation: location)
        #expect(run.said.contains(row.says), "\(run.said)", sourceLocation: location)
        let tally = registry.requests.tally
        for (kind, count) in row.requests {
            #expect(
                tally[kind, default: 0] == count, "\(kind): \(registry.requests)",
                sourceLocation: location)
        }
        if row.exit == 0, row.arguments[0] == "sync" {
            #expect(
                target.tags(of: "mirror/app")["1.0"] == image.digest, sourceLocation: location)
        }
    }

    static let sources = [
        // Stated sizes are hints.
        Row(
            behavior: .differentHEADLength, exit: 0, says: "1 mirrored",
            requests: [.manifestHead: 2, .manifestGet: 5]),
        Row(
            behavior: .wrongReferrerSizes, exit: 0, says: "2 referrers",
            requests: [.manifestGet: 5]),
        // A response is what was asked for, or nothing was found out.
        Row(
            behavior: .webPageForManifests, exit: 2, says: "Sign in to Corp",
            requests: [.manifestHead: 1, .manifestGet: 1]),
        Row(
            behavior: .webPageForManifests,
            arguments: ["check", "--plain-http", "SOURCE", "SOURCE/app:1.0"], exit: 2,
            says: "Sign in to Corp", requests: [.manifestHead: 1, .manifestGet: 1]),
        Row(
            behavior: .forbiddenWebPage, exit: 2, says: "Access Denied by Web Filter",
            requests: [.manifestHead: 1, .manifestGet: 1]),
        Row(
            behavior: .gzippedMetadata, exit: 0, says: "2 referrers",
            requests: [.manifestGet: 5, .tagListing: 1]),
        Row(
            behavior: .gzippedBlobs, exit: 2, says: "Content-Encoding: gzip",
            requests: [:]),
        Row(
            behavior: .labeledBlobs, exit: 0, says: "1 mirrored", requests: [.blobGet: 8]),
        // Referrers are optional: cosign's tags are copied whatever their list is.
        Row(
            behavior: .webPageForReferrers, exit: 0, says: "1 referrer",
            requests: [.referrers: 1, .tagListing: 1]),
        Row(
            behavior: .webPageForTags, exit: 0, says: "Sign in to Corp",
            requests: [.tagListing: 1]),
        Row(
            behavior: .nullReferrers, exit: 0, says: "1 referrer",
            requests: [.referrers: 3, .tagListing: 1]),
        Row(
            behavior: .failingReferrers(status: 500), exit: 0, says: "1 referrer",
            requests: [.referrers: 2, .tagListing: 1]),
        Row(
            behavior: .failingReferrers(status: 403), exit: 0, says: "1 referrer",
            requests: [.referrers: 1, .tagListing: 1]),
        Row(
            behavior: .failingReferrers(status: 406), exit: 0, says: "1 referrer",
            requests: [.referrers: 1, .tagListing: 1]),
        // Reading needs only what copying needs.
        Row(behavior: .untypedManifests, exit: 0, says: "1 mirrored", requests: [:]),
        Row(behavior: .manifestsLabeledAsHTML, exit: 0, says: "1 mirrored", requests: [:]),
        Row(behavior: .partsWithStatus200, exit: 0, says: "1 mirrored", requests: [:]),
        Row(behavior: .rejectedRanges, exit: 0, says: "1 mirrored", requests: [:]),
        // Reasons and warnings reach the user.
        Row(
            behavior: .reasonOnlyInDetail, exit: 77, says: "the license has expired",
            requests: [.manifestHead: 1, .manifestGet: 1]),
        Row(
            behavior: .warnings, exit: 0, says: "this registry will be shut down", requests: [:]),
        Row(
            behavior: .headNotFound, exit: 0, says: "1 mirrored", requests: [:]),
        Row(
            behavior: .headNotFound,
            arguments: [
                "check", "--validation", "config", "--plain-http", "SOURCE", "SOURCE/app:1.0",
            ], exit: 0,
            requests: [.manifestHead: 1]),
    ]

    @Test(arguments: sources)
    func `is a source`(row: Row) async throws {
        let workspace = try workspace()
        source.adopt(row.behavior)
        expect(try await workspace.run(arguments: arguments(row)), row, of: source)
    }

    static let targets = [
        Row(
            behavior: .differentHEADLength, exit: 0, says: "1 mirrored", requests: [:]),
        Row(
            behavior: .failingMounts(status: 500), exit: 0, says: "1 mirrored",
            requests: [.uploadCommit: 8]),
        Row(
            behavior: .failingMounts(status: 404), exit: 0, says: "1 mirrored",
            requests: [.uploadCommit: 8]),
        Row(
            behavior: .exceededQuota, exit: 2, says: "storage quota",
            requests: [.manifestPut: 0]),
        Row(
            behavior: .missingContentWithStatus500, exit: 0, says: "1 mirrored",
            requests: [.manifestPut: 5]),
    ]

    @Test(arguments: targets)
    func `is a target`(row: Row) async throws {
        let workspace = try workspace()
        target.adopt(row.behavior)
        expect(try await workspace.run(arguments: arguments(row)), row, of: target)
    }

    static let endpoints = [
        Row(
            behavior: .throttlingForAMinute, exit: 0, says: "1 mirrored",
            requests: [.manifestGet: 1, .blobGet: 0]),
        Row(behavior: .cutBlobs, exit: 0, says: "1 mirrored", requests: [:]),
        Row(behavior: .corruptBlobs, exit: 0, says: "1 mirrored", requests: [:]),
        Row(
            behavior: .webPageForManifests, exit: 0, says: "1 mirrored",
            requests: [.manifestGet: 1]),
    ]

    @Test(arguments: endpoints)
    func `is an endpoint`(row: Row) async throws {
        let endpoint = LoopbackRegistry()
        endpoint.publish(image, repository: "app")
        let workspace = try workspace(endpoint: endpoint)
        endpoint.adopt(row.behavior)
        expect(try await workspace.run(arguments: arguments(row)), row, of: endpoint)
    }
}

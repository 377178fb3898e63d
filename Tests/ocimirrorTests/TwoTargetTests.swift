// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// One run to two registries.
@Suite struct `two targets` {
    private let source = LoopbackRegistry()
    private let targets = [LoopbackRegistry(), LoopbackRegistry()]
    private let image = ImageBuilder().layered(top: 1)
    private let large = ImageBuilder().index(
        [Platform.linuxAMD64, .linuxARM64].map {
            .image(ImageBuilder().image($0, layers: [.random(size: 700_000, seed: 4)]))
        })

    private func sync() async throws -> Run {
        source.publish(image, repository: "app", tag: "1.0")
        source.publish(large, repository: "large", tag: "1.0")
        let hosts = ([source] + targets).map(\.host)
        let lines =
            ["version: 1", "proof: config", "referrers: none", "targets:"]
            + targets.enumerated().map {
                "  - {prefix: \"\($1.host)/mirror\", lock: lock-\($0).yaml}"
            } + ["registries:"] + hosts.map { "  \"\($0)\": {plainHTTP: true}" }
            + ["images:"] + ["app", "large"].map { "  - \"\(source.host)/\($0):1.0\"" }
        return try await Workspace(lines.joined(separator: "\n") + "\n").run("sync", "--json")
    }

    private var bytesRead: Int { source.requests.of(.blobGet).reduce(0) { $0 + $1.sentBytes } }

    @Test func `cost upstream what one costs, and read nothing from each other`() async throws {
        let run = try await sync()
        #expect(run.status == 0, "\(run.said)")
        #expect(bytesRead == image.blobByteCount + large.blobByteCount)
        for target in targets {
            #expect(target.violations.isEmpty)
            #expect(target.tags(of: "mirror/app")["1.0"] == image.digest)
            #expect(target.tags(of: "mirror/large")["1.0"] == large.digest)
            #expect(target.requests.count(of: .blobGet) == 0)
        }
    }

    @Test func `do not fail for each other`() async throws {
        targets[0].inject(.on(.put, "/blobs/uploads/*", .answer(.denied)))
        let run = try await sync()
        #expect(run.status == 77, "\(run.said)")
        #expect(targets[1].tags(of: "mirror/large")["1.0"] == large.digest)
        #expect(targets[1].violations.isEmpty)
        #expect(targets[0].tags(of: "mirror/large").isEmpty)
    }

    @Test func `one that has to start over reads from the other`() async throws {
        targets[0].inject(
            .on(.put, "/mirror/large/blobs/uploads/*", hits: 1...1, .dropUpload(after: 10)))
        let run = try await sync()
        #expect(run.status == 0, "\(run.said)")
        #expect(bytesRead == image.blobByteCount + large.blobByteCount, "upstream is read once")
        #expect(targets[1].requests.count(of: .blobGet) == 1)
        #expect(targets.allSatisfy { $0.tags(of: "mirror/large")["1.0"] == large.digest })
    }
}

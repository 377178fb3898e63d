// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Mirroring to two registries.
@Suite(.timeLimit(.minutes(10))) struct `two targets` {
    private let source = LoopbackRegistry()
    private let targets = [LoopbackRegistry(), LoopbackRegistry()]
    private let image = ImageBuilder().layered(top: 1)
    private let large = ImageBuilder().index(
        [Platform.linuxAMD64, .linuxARM64].map {
            .image(ImageBuilder().image($0, layers: [.random(size: 700_000, seed: 4)]))
        })

    private func sync(to prefixes: [String]? = nil) async throws -> Run {
        source.publish(image, repository: "app", tag: "1.0")
        source.publish(large, repository: "large", tag: "1.0")
        let hosts = ([source] + targets).map(\.host)
        let lines =
            ["version: 1", "validation: config", "referrers: none", "targets:"]
            + (prefixes ?? targets.map { "\($0.host)/mirror" }).enumerated().map {
                "  - {prefix: \"\($1)\", lock: lock-\($0).yaml}"
            } + ["registries:"] + hosts.map { "  \"\($0)\": {plainHTTP: true}" }
            + ["images:"] + ["app", "large"].map { "  - \"\(source.host)/\($0):1.0\"" }
        return try await Workspace(lines.joined(separator: "\n") + "\n").run("sync", "--json")
    }

    private var bytesRead: Int { source.requests.of(.blobGet).reduce(0) { $0 + $1.sentBytes } }

    @Test func `need as many source requests as one, and read nothing from each other`()
        async throws
    {
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

    @Test func `can be in one registry, where the second mounts blobs from the first`()
        async throws
    {
        let target = targets[0]
        let run = try await sync(to: ["\(target.host)/dev", "\(target.host)/prod"])
        #expect(run.status == 0, "\(run.said)")
        #expect(bytesRead == image.blobByteCount + large.blobByteCount)
        for place in ["dev", "prod"] {
            #expect(target.tags(of: "\(place)/app")["1.0"] == image.digest)
            #expect(target.tags(of: "\(place)/large")["1.0"] == large.digest)
        }
        #expect(target.requests.count(of: .uploadCommit) == image.blobs.count + large.blobs.count)
        #expect(target.violations.isEmpty)
    }

    @Test func `fail independently`() async throws {
        targets[0].inject(.on(.put, "/blobs/uploads/*", .answer(.denied)))
        let run = try await sync()
        #expect(run.status == 77, "\(run.said)")
        #expect(targets[1].tags(of: "mirror/large")["1.0"] == large.digest)
        #expect(targets[1].violations.isEmpty)
        #expect(targets[0].tags(of: "mirror/large").isEmpty)
    }

    @Test func `one that restarts an upload reads from the other`() async throws {
        targets[0].inject(
            .on(.put, "/mirror/large/blobs/uploads/*", hits: 1...1, .dropUpload(after: 10)))
        let run = try await sync()
        #expect(run.status == 0, "\(run.said)")
        #expect(bytesRead == image.blobByteCount + large.blobByteCount, "upstream is read once")
        #expect(targets[1].requests.count(of: .blobGet) == 1)
        #expect(targets.allSatisfy { $0.tags(of: "mirror/large")["1.0"] == large.digest })
    }
}

// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// A run that ends in the middle leaves nothing that anybody could pull by mistake.
@Suite struct `a run that is killed` {
    @Test(
        arguments: [
            (RequestMethod.put, "/blobs/uploads/*"), (.put, "/manifests/sha256:*"),
            (.put, "/manifests/1.0"),
        ])
    func `leaves no tag, and the next one sends the rest`(
        method: RequestMethod, path: String
    ) async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        let image = ImageBuilder().multiPlatform(seed: 1)
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
        let gate = Gate()
        // What is held is dropped in the end: a registry may finish what it has heard in full.
        target.inject(.on(method, path, .stall(gate), .answer(.unavailable)))
        let process = try workspace.start("sync", streams: try TemporaryFolder())
        await target.waitForRequests(RequestPattern(method, path))
        process.kill()
        gate.open()
        #expect(target.tags(of: "mirror/app").isEmpty)
        #expect(workspace.lock.isEmpty)

        target.heal()
        let arrived = target.blobs(of: "mirror/app").count
        target.forgetRequests()
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app") == ["1.0": image.digest])
        #expect(target.violations.isEmpty)
        let sent = target.requests.count { $0.method == .put && $0.path.contains("/uploads/") }
        #expect(sent == image.blobs.count - arrived, "what was there is not sent again")
        #expect(workspace.lock.contains("      app:\n"))
    }

    @Test func `leaves a layout that can be read`() async throws {
        let source = LoopbackRegistry()
        let images = [1, 2].map { ImageBuilder().multiPlatform(seed: $0) }
        source.publish(images[0], repository: "app", tag: "1.0")
        source.publish(images[1], repository: "app", tag: "2.0")
        let workspace = try Workspace(
            Mirror(
                from: ["{source: \(source.host)/app, tags: [\"1.0\", \"2.0\"]}"],
                to: "oci:./mirror", plain: [source.host]
            ).text)
        let gate = Gate()
        let late = try #require(images[1].manifests.first?.decodedLayers.last)
        source.inject(.on(.get, "/blobs/\(late.description)", .stall(gate)))
        let process = try workspace.start("sync", streams: try TemporaryFolder())
        await source.waitForRequests(RequestPattern(.get, "/blobs/\(late.description)"))
        process.kill()
        gate.open()
        source.heal()
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        for (image, tag) in zip(images, ["1.0", "2.0"]) {
            try await Skopeo().expect(image, at: "oci:\(workspace.folder("mirror/app")):\(tag)")
        }
    }
}

/// A run that is asked to end does so in order.
@Suite struct `a run that is interrupted` {
    @Test(arguments: [("INT", 130), ("TERM", 143)] as [(String, Int32)])
    func `locks what it has finished`(signal: String, code: Int32) async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        let images = [1, 2].map { ImageBuilder().multiPlatform(seed: $0) }
        source.publish(images[0], repository: "done", tag: "1.0")
        source.publish(images[1], repository: "slow", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["done", "slow"].map { "\(source.host)/\($0):1.0" },
                to: "\(target.host)/mirror", plain: [source.host, target.host]
            ).text)
        // The second image waits for the first, and then for ever.
        let gate = Gate()
        target.inject(
            .on(
                .put, "/manifests/*", where: { $0.path.contains("/slow/") },
                .waitFor(RequestPattern(.put, "/done/manifests/1.0")), .stall(gate),
                .answer(.unavailable)))
        let streams = try TemporaryFolder()
        let process = try workspace.start("sync", "--verbose", streams: streams)
        try await workspace.shell(
            "until grep -q 'done: mirrored' \(streams("errors")); do sleep 0.05; done")
        await target.waitForRequests(RequestPattern(.put, "/slow/manifests/*"))
        let sent = try await SpawnedProcess.run("kill", ["-\(signal)", "\(process.pid)"])
        #expect(sent.status == 0)
        #expect(try await onOwnThread { process.wait() } == code, "\(streams.text("errors"))")
        gate.open()
        #expect(workspace.lock.contains("      done:\n"))
        #expect(!workspace.lock.contains("      slow:\n"))
        #expect(target.tags(of: "mirror/slow").isEmpty)
        #expect(streams.text("output").contains("1 mirrored"))

        target.heal()
        #expect(try await workspace.run("sync").status == 0)
        #expect(workspace.lock.contains("      slow:\n"))
    }
}

extension RawManifest {
    /// The digests of an image's layers.
    var decodedLayers: [Digest] {
        guard case .image(let image)? = try? decoded() else { return [] }
        return image.layers.map(\.digest)
    }
}

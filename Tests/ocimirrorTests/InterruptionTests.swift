// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// A killed run leaves no incomplete image that could be pulled.
@Suite(.timeLimit(.minutes(10))) struct `a run that is killed` {
    @Test(
        arguments: [
            (RequestMethod.put, "/blobs/uploads/*"), (.put, "/manifests/sha256:*"),
            (.put, "/manifests/1.0"),
        ])
    func `leaves no tag, and the next run uploads the rest`(
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
        // Delayed requests are dropped, because a registry can complete a request that it received
        // fully.
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
        #expect(sent == image.blobs.count - arrived, "present blobs are not uploaded again")
        #expect(workspace.lock.contains("      app:\n"))
    }

    @Test func `leaves a valid layout`() async throws {
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

/// An interrupted run reports its result and keeps finished images.
@Suite(.timeLimit(.minutes(10))) struct `a run that is interrupted` {
    private let mirror: HalfwayMirror
    private var target: LoopbackRegistry { mirror.target }
    private var workspace: Workspace { mirror.workspace }
    private var streams: TemporaryFolder { mirror.streams }

    init() throws { mirror = try HalfwayMirror() }

    /// Starts a run, and returns when one image is copied and the other one hangs.
    private func start() async throws -> SpawnedProcess {
        let process = try workspace.start("sync", "--verbose", "--json", streams: streams)
        await target.waitForRequests(HalfwayMirror.hanging)
        // The end of the other image is only visible in the program's output.
        let script = """
            timeout 50 tail -n +1 -f --pid=$1 "$2" | grep -q -e 'app: mirrored, ' -e 'app: failed'
            """
        _ = try await SpawnedProcess.run(
            "sh", ["-c", script, "sh", "\(process.pid)", streams("errors")])
        let isRunning = process.isRunning
        let said = streams.text("errors")
        try #require(isRunning && said.contains("app: mirrored, "), "\(said)")
        return process
    }

    @Test(arguments: [(SpawnedProcess.interrupt, 130), (SpawnedProcess.terminate, 143)])
    func `records finished images, lists unfinished ones, and exits with the signal`(
        send: @Sendable (SpawnedProcess) -> () -> Void, code: Int
    ) async throws {
        let process = try await start()
        send(process)()
        let status = try await onOwnThread { process.wait() }
        mirror.gate.open()
        #expect(status == Int32(code), "\(streams.text("errors"))")
        #expect(streams.text("errors").contains("ocimirror: interrupted"))
        let document = try JSONValue(parsing: streams.read("output"))
        #expect(document["exitCode"] == .integer(code))
        #expect(document["interrupted"] == .bool(true))
        #expect(document["unfinished"] == ["slow"])
        #expect(document["images"]?.elements.map { $0["id"] } == ["app"])
        #expect(workspace.lock.contains("      app:\n"))
        #expect(!workspace.lock.contains("      slow:\n"))

        target.heal()
        let again = try await workspace.run("sync")
        #expect(again.status == 0, "\(again.said)")
        #expect(again.output.contains("1 unchanged"))
    }
}

extension RawManifest {
    /// Returns the digests of an image's layers.
    var decodedLayers: [Digest] {
        guard case .image(let image)? = try? decoded() else { return [] }
        return image.layers.map(\.digest)
    }
}

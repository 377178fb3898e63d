// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

/// Report files.
@Suite(.timeLimit(.minutes(10))) struct `a report as a file` {
    @Test func `is equal to the document on stdout, and contains moved tags`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        let old = ImageBuilder().multiPlatform(seed: 1)
        source.publish(old, repository: "app", tag: "1.0")
        source.publish(old, repository: "same", tag: "1.0")
        let workspace = try Self.workspace(["app:1.0", "same:1.0", "gone:1.0"], source, target)
        #expect(try await workspace.run("sync").status == 1)
        let new = ImageBuilder().multiPlatform(seed: 2)
        source.publish(new, repository: "app", tag: "1.0")

        let run = try await workspace.run(
            "sync", "--json", "--report", "run.json", "--report=deep/er.json")
        #expect(run.status == 1, "\(run.said)")
        #expect(workspace.folder.text("run.json") == run.output)
        #expect(workspace.folder.text("deep/er.json") == run.output)

        let document = try run.json
        let images = try #require(document["images"]).elements
        #expect(images.map { $0["status"] } == ["mirrored", "unchanged", "missing"])
        #expect(images.map { $0["tag"] } == ["1.0", "1.0", "1.0"])
        let (was, now) = (old.digest.description, new.digest.description)
        #expect(images.map { $0["digest"] } == [.string(now), .string(was), .null])
        #expect(images.map { $0["previous"] } == [.string(was), .string(was), .null])
        guard case .string(let reason) = images[2]["reason"] else {
            Issue.record("no reason")
            return
        }
        #expect(reason.contains("gone"))
        let size = JSONValue.integer(new.blobs.values.reduce(0) { $0 + $1.count })
        #expect(images.map { $0["downloadSize"] } == [size, .null, .null])
        for image in images.prefix(2) {
            let platforms = image["platforms"]?.elements ?? []
            #expect(platforms.map { $0["platform"] } == ["linux/amd64", "linux/arm64"])
        }
        #expect(document["totals"]?["mirrored"] == 1)
        #expect(document["totals"]?["bytesUploaded"] == size)
        let hosts = [source.host, target.host].sorted()
        #expect(document["hosts"]?.elements.map { $0["host"] } == hosts.map { .string($0) })
    }

    @Test func `carries over the facts about unchanged images`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        let image = ImageBuilder().multiPlatform(seed: 1)
        source.publish(image, repository: "app", tag: "1.0")
        let workspace = try Self.workspace(["app:1.0"], source, target)
        let size = JSONValue.integer(image.blobs.values.reduce(0) { $0 + $1.count })
        for expected in [size, size, .null, .null] {
            let run = try await workspace.run("sync", "--report=run.json", "--report=run.html")
            #expect(run.status == 0, "\(run.said)")
            let document = try JSONValue(parsing: workspace.folder.read("run.json"))
            #expect(document["images"]?.elements.first?["downloadSize"] == expected)
            // After the second run, an invalid report is ignored.
            if document["images"]?.elements.first?["status"] == "unchanged" {
                try workspace.folder.write("{\"images\": [{\"digest\": 5}]}", to: "run.json")
            }
        }
        #expect(workspace.folder.text("run.html").hasPrefix("<!DOCTYPE html>"))
    }

    @Test func `counts bytes that were skipped`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        source.publish(ImageBuilder().layered(top: 1), repository: "app", tag: "1.0")
        let workspace = try Self.workspace(["app:1.0"], source, target)
        #expect(try await workspace.run("sync").status == 0)
        source.publish(ImageBuilder().layered(top: 2), repository: "app", tag: "1.0")
        let run = try await workspace.run("sync", "--json")
        let totals = try run.json["totals"]
        #expect(totals?["blobsPresent"] == 1)
        let base = try #require(
            try run.json["images"]?.elements.first?["targets"]?.elements.first?["bytesPresent"])
        #expect(totals?["bytesPresent"] == base && base != 0)
        #expect(totals?["bytesMounted"] == 0)
    }

    @Test func `counts the uploads of failed images`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        let image = ImageBuilder().multiPlatform(seed: 1)
        source.publish(image, repository: "app", tag: "1.0")
        target.inject(.on(.put, "/manifests/1.0", .answer(.unsupported)))
        let workspace = try Self.workspace(["app:1.0"], source, target)
        let document = try await workspace.run("sync", "--json").json
        #expect(document["images"]?.elements.first?["status"] == "failed")
        let size = image.blobs.values.reduce(0) { $0 + $1.count }
        #expect(document["totals"]?["bytesUploaded"] == .integer(size))
    }

    @Test func `distinguishes a repair from a new image`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        let workspace = try Self.workspace(["app:1.0"], source, target)
        #expect(try await workspace.run("sync").status == 0)
        target.publish(
            ImageBuilder().multiPlatform(seed: 9), repository: "mirror/app", tag: "1.0")
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("1 repaired"))
    }

    @Test(arguments: ["run.txt", "run", "json", "run.JSON", ""])
    func `with an unknown extension is rejected before the run`(name: String) async throws {
        let workspace = try Workspace()
        let run = try await workspace.run("sync", "--report=\(name)")
        #expect(run.status == 64)
        #expect(run.errors.contains("expected a file name that ends in"))
    }

    @Test func `that cannot be written is an error, and the others are written`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        let workspace = try Self.workspace(["app:1.0"], source, target)
        let (gate, streams) = (Gate(), try TemporaryFolder())
        source.inject(.on(.get, "/manifests/*", .stall(gate)))
        let process = try workspace.start(
            "sync", "--report=one.json", "--report=two.json", streams: streams)
        await source.waitForRequests(RequestPattern(.get, "/manifests/*"))
        // The file could be written when the run began.
        try await workspace.shell("mkdir one.json")
        gate.open()
        let status = try await onOwnThread { process.wait() }
        #expect(status == 2, "\(streams.text("errors"))")
        #expect(streams.text("errors").contains("one.json"))
        #expect(workspace.folder.text("two.json").contains("\"mirrored\""))
        #expect(workspace.lock.contains("      app:\n"))
    }

    @Test func `is written when the run is interrupted`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        let workspace = try Self.workspace(["app:1.0"], source, target)
        let gate = Gate()
        target.inject(.on(.put, "/manifests/1.0", .stall(gate)))
        let process = try workspace.start(
            "sync", "--report=run.json", streams: try TemporaryFolder())
        await target.waitForRequests(RequestPattern(.put, "/manifests/1.0"))
        process.terminate()
        let status = try await onOwnThread { process.wait() }
        gate.open()
        #expect(status == 143)
        let document = try JSONValue(parsing: workspace.folder.read("run.json"))
        #expect(document["interrupted"] == true)
        #expect(document["exitCode"] == 143)
        #expect(document["unfinished"] == ["app"])
    }

    private static func workspace(
        _ images: [String], _ source: LoopbackRegistry, _ target: LoopbackRegistry
    ) throws -> Workspace {
        try Workspace(
            Mirror(
                from: images.map { "\(source.host)/\($0)" }, to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
    }
}

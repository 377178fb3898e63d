// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Mirroring
import RegistryTestSupport
import StrictJSON
import AsyncPrimitives
import Testing

@testable import ocimirror

/// A run ends at its limits, wherever it hangs.
@Suite(.timeLimit(.minutes(10))) struct `a limit` {
    private let source = LoopbackRegistry()
    private let target = LoopbackRegistry()
    private let gate = Gate()
    private let workspace: Workspace

    init() throws {
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        workspace = try Workspace(
            Mirror(
                from: ["{source: \(source.host)/app, tags: {regex: \"1.*\"}}"],
                to: "\(target.host)/mirror", plain: [source.host, target.host]
            ).text)
    }

    enum Side { case source, target }

    @Test(arguments: [
        (Side.source, RequestMethod.get, "/tags/list"), (.source, .head, "/manifests/1.0"),
        (.source, .get, "/manifests/*"), (.source, .get, "/blobs/*"), (.target, .post, "/uploads/"),
        (.target, .put, "/uploads/*"), (.target, .put, "/manifests/sha256:*"),
        (.target, .put, "/manifests/1.0"),
    ])
    func `by a signal ends the run in every phase`(
        side: Side, method: RequestMethod, path: String
    ) async throws {
        let registry = side == .source ? source : target
        // Delayed requests are dropped, because a registry can complete a request that it received
        // fully.
        registry.inject(.on(method, path, .stall(gate), .answer(.unavailable)))
        let streams = try TemporaryFolder()
        let process = try workspace.start("sync", "--json", streams: streams)
        await registry.waitForRequests(RequestPattern(method, path))
        process.terminate()
        let status = try await onOwnThread { process.wait() }
        gate.open()
        #expect(status == 143, "\(streams.text("errors"))")
        #expect(!streams.text("errors").contains("in time"), "it ended by itself")
        let document = try JSONValue(parsing: streams.read("output"))
        #expect(document["exitCode"] == 143)
        #expect(document["endedBy"] == "terminate")
        #expect(!workspace.lock.contains("app:\n"))
        #expect(target.tags(of: "mirror/app").isEmpty)
    }

    @Test func `by a second signal ends the process immediately`() async throws {
        source.inject(.on(.get, "/blobs/*", .stall(gate)))
        let streams = try TemporaryFolder()
        let process = try workspace.start("sync", streams: streams)
        await source.waitForRequests(RequestPattern(.get, "/blobs/*"))
        // Both signals are pending when the process continues.
        process.pause()
        process.interrupt()
        process.terminate()
        process.resume()
        let status = try await onOwnThread { process.wait() }
        gate.open()
        #expect(status == 143)
        #expect(streams.text("output").isEmpty)
    }

    @Test(arguments: ["check", "sync"])
    func `of retries ends a run whose source does not respond`(
        command: String
    ) async throws {
        source.inject(.on(nil, "*", .stall(gate)))
        let arguments =
            command == "check"
            ? ["check", "--plain-http", source.host, "\(source.host)/app:1.0"] : ["sync"]
        let run = try await workspace.run(
            arguments: arguments + ["--idle-timeout", "500ms", "--retry-for", "3s"])
        gate.open()
        #expect(run.status == 2, "\(run.said)")
        #expect(run.said.contains("no response within 0.5 seconds"), "\(run.said)")
    }

    @Test func `of time stops the run, says so, and asks for another one`() async throws {
        source.inject(.on(.get, "/blobs/*", .stall(gate)))
        let run = try await workspace.run("sync", "--max-duration", "300ms", "--json")
        gate.open()
        #expect(run.status == 75, "\(run.said)")
        #expect(run.errors.contains("stopped by --max-duration 300ms"))
        let document = try run.json
        #expect(document["interrupted"] == true)
        #expect(document["endedBy"] == "max-duration")
        source.heal()
        let again = try await workspace.run("sync", "--max-duration", "1h")
        #expect(again.status == 0, "\(again.said)")
    }

    @Test func `of time ends the run only when the timer expires`()
        async throws
    {
        let interruption = Interruption()
        let isCancelled = Mutex(false)
        interruption.onInterruption { isCancelled.withLock { $0 = true } }
        let faster = interruption.timer(after: .seconds(60)) { _ in throw CancellationError() }
        _ = await faster.result
        #expect(interruption.cause == nil)
        try await interruption.timer(after: .seconds(60)) { _ in }.value
        #expect(interruption.cause == .timeLimit(.seconds(60)))
        #expect(isCancelled.withLock { $0 })
        #expect(interruption.cause?.exitCode == .tryAgain)
        interruption.happened(by: .signal(.terminate))
        #expect(interruption.cause?.exitCode == .terminated, "who sends a signal hears of it")
        try await interruption.timer(after: .seconds(60)) { _ in }.value
        interruption.happened(by: .signal(.interrupt))
        #expect(interruption.cause?.exitCode == .terminated, "the first signal counts")
    }

    @Test func `of time has lower priority than errors, a signal the highest`() throws {
        var run = SampleRun(interrupted: .timeLimit(.seconds(7200)))
        #expect(run.report.exitCode == .tryAgain)
        #expect(run.report.headline == "stopped by --max-duration 2h before the first image")
        try run.add(.rejected, "app")
        #expect(run.report.exitCode == .negative)
        run.interrupted = .signal(.interrupt)
        #expect(run.report.exitCode == .interrupted)
    }

    @Test func `of bandwidth changes no byte`() async throws {
        let run = try await workspace.run("sync", "--bandwidth", "50MB/s", "--verbose")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.violations.isEmpty)
        #expect(target.tags(of: "mirror/app").count == 1)
    }

    @Test func `of bandwidth in bits is a usage error`() async throws {
        let run = try await workspace.run("sync", "--bandwidth", "400Mbit/s")
        #expect(run.status == 64)
        #expect(run.errors.contains("bytes per second, not bits"))
    }

    @Test func `to one run at a time reports the other process`() async throws {
        source.inject(.on(.get, "/blobs/*", .stall(gate)))
        let first = try workspace.start("sync", streams: try TemporaryFolder())
        await source.waitForRequests(RequestPattern(.get, "/blobs/*"))
        let second = try await workspace.run("sync")
        #expect(second.status == 75)
        #expect(second.errors.contains("another run"))
        #expect(second.errors.contains("images.lock.yaml"))
        #expect(
            second.errors.contains("(process \(first.pid))")
                || !second.errors.contains("process"), "\(second.errors)")
        first.kill()
        gate.open()
        source.heal()
        let third = try await workspace.run("sync")
        #expect(third.status == 0, "a crash leaves no hold: \(third.said)")
    }
}

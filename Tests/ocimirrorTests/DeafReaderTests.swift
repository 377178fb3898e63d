// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// Output that is not read: a pager that is not scrolled, a stopped terminal.
@Suite(.timeLimit(.minutes(10))) struct `blocked output` {
    @Test func `does not prevent termination by a signal`() async throws {
        let registry = LoopbackRegistry()
        registry.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        let gate = Gate()
        registry.inject(.on(.get, "/v2/app/manifests/*", .stall(gate)))
        let (workspace, streams) = (try Workspace(), try TemporaryFolder())
        let full = FullPipe(at: streams("errors"))
        let process = try workspace.start(
            "check", "--verbose", "--plain-http", registry.host, "\(registry.host)/app:1.0",
            output: streams("output"), errors: full.path)
        await registry.waitForRequests(RequestPattern(.head, "/v2/app/manifests/*"))
        process.interrupt()
        process.interrupt()
        let status = try await onOwnThread { process.wait() }
        withExtendedLifetime(full) {}
        gate.open()
        #expect(status == 130)
    }
}

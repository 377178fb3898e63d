// SPDX-License-Identifier: Apache-2.0

import Glibc
import RegistryTestSupport
import Testing

/// Nobody reads what the program says: a pager that is not scrolled, a terminal that was stopped.
@Suite struct `a reader who does not read` {
    /// A pipe with a name, full to the brim.
    private struct FullPipe: ~Copyable {
        let path: String
        private let descriptor: Int32

        init(at path: String) {
            self.path = path
            _ = unsafe mkfifo(path, 0o600)
            descriptor = unsafe open(path, O_RDWR | O_NONBLOCK)
            let page = [UInt8](repeating: 0x20, count: 4096)
            while unsafe write(descriptor, page, page.count) > 0 {}
        }

        deinit { close(descriptor) }
    }

    @Test func `does not keep a signal from ending the program`() async throws {
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
        gate.open()
        #expect(status == 130)
    }
}

// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// Between this machine and every registry stands what the environment says.
@Suite struct `a proxy` {
    @Test(arguments: ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
    func `A27 that wants credentials is named, without those that it was given`(
        variable: String
    ) async throws {
        let proxy = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("407 Proxy Authentication Required")
        }
        var workspace = try Workspace()
        workspace.environment = [
            variable: "http://canary-user:canary@127.0.0.1:\(proxy.port)",
            "GITHUB_TOKEN": "canary-token", "GITHUB_ACTOR": "canary-actor",
        ]
        let run = try await workspace.run("check", "--verbose", "ghcr.io/example/app:1.0")
        #expect(run.status == 2)
        #expect(run.said.contains("the proxy 127.0.0.1:\(proxy.port)"))
        #expect(run.said.contains("407"))
        #expect(!run.said.contains("canary"))
        #expect(proxy.requests.allSatisfy { $0.requestLine == "CONNECT ghcr.io:443 HTTP/1.1" })
        #expect(proxy.requests.count == 1)
    }

    @Test func `A27 is not used for this machine, nor where no_proxy says so`() async throws {
        let proxy = try WireServer { connection throws(WireClosed) in
            try connection.readHead()
            try connection.answer("502 Bad Gateway")
        }
        let registry = LoopbackRegistry()
        var workspace = try Workspace()
        workspace.environment = ["http_proxy": "http://127.0.0.1:\(proxy.port)"]
        let run = try await workspace.run(
            "check", "--plain-http", registry.host, "\(registry.host)/app:1.0")
        #expect(run.status == 1)
        #expect(proxy.connectionCount == 0)
    }
}

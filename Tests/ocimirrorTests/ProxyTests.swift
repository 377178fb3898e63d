// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// Requests use the proxy that the environment defines.
@Suite(.timeLimit(.minutes(10))) struct `a proxy` {
    @Test(arguments: ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
    func `A27 that requires authentication is named in the error, without its credentials`(
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

    @Test func `A27 that is down is named in the error`() async throws {
        var workspace = try Workspace()
        workspace.environment = ["https_proxy": "http://127.0.0.1:1"]
        let run = try await workspace.run("check", "registry.test/app:1.0")
        #expect(run.status == 2)
        #expect(run.output.contains("the proxy 127.0.0.1:1: connection refused"), "\(run.said)")
        #expect(run.output.contains("behind a proxy, check https_proxy and no_proxy"))
    }

    @Test func `A27 is not used for loopback addresses and hosts in no_proxy`() async throws {
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

// SPDX-License-Identifier: Apache-2.0

import Mirroring
import OCI
import Registry
import AsyncPrimitives
import Testing

@testable import ocimirror

/// The progress display samples counters at its own pace.
@Suite(.timeLimit(.minutes(10))) struct `the progress display` {
    @Test func `shows a throttled host until its delay is over`() throws {
        let now = Mutex(Duration.zero)
        let hosts = ThrottledHosts { now.withLock { $0 } }
        let hub = try RegistryHost(parsing: "docker.io")
        #expect(
            !hosts.record(
                .retryWaiting(host: hub, reason: "too many requests", duration: .seconds(30))))
        #expect(hosts.record(.retryWaiting(host: hub, reason: "busy", duration: .seconds(5))))
        now.withLock { $0 = .seconds(18) }
        #expect(hosts.current.map(\.line) == ["docker.io: too many requests; retrying in 0:12"])
        now.withLock { $0 = .seconds(30) }
        #expect(hosts.current.isEmpty)
    }

    @Test func `shows nothing with --quiet, and returns the result`()
        async
    {
        var console = Console(environment: [:])
        console.volume = .quiet
        let display = ProgressDisplay(
            progress: RunProgress(), console: console, throttledHosts: ThrottledHosts { .zero },
            traffic: RequestStatistics(), time: .system)
        let seven = await display.during { 7 }
        #expect(seven == 7)
    }

    @Test(arguments: [
        (["CI": "true", "TERM": "xterm"], false), (["TERM": "dumb"], false), ([:], false),
    ])
    func `is not live in CI, on a dumb terminal or without a terminal`(
        environment: [String: String], isLive: Bool
    ) {
        #expect(Console(environment: environment).isLive == isLive)
    }

    @Test(arguments: [
        (["LANG": "C.UTF-8"], true), (["LANG": "en_US.utf8"], true), (["LANG": "C"], false),
        (["LANG": "C.UTF-8", "LC_ALL": "POSIX"], false), ([:], false),
    ])
    func `detects UTF-8 from the locale`(
        environment: [String: String], supportsUTF8: Bool
    ) {
        #expect(Console(environment: environment).supportsUTF8 == supportsUTF8)
    }
}

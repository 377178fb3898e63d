// SPDX-License-Identifier: Apache-2.0

import Mirroring
import OCI
import Registry
import Synchronization
import Testing

@testable import ocimirror

/// What is shown of a run comes from counters, and at its own pace.
@Suite struct `the progress display` {
    @Test func `knows until when a host is left alone, and forgets it then`() throws {
        let now = Mutex(Duration.zero)
        let hosts = ThrottledHosts { now.withLock { $0 } }
        let hub = try RegistryHost(parsing: "docker.io")
        hosts.note(.retryWaiting(host: hub, reason: "too many requests", duration: .seconds(30)))
        hosts.note(.retryWaiting(host: hub, reason: "busy", duration: .seconds(5)))
        now.withLock { $0 = .seconds(18) }
        #expect(hosts.current.map(\.line) == ["docker.io: too many requests; again in 0:12"])
        now.withLock { $0 = .seconds(30) }
        #expect(hosts.current.isEmpty)
    }

    @Test func `draws nothing for a person who asked for quiet, and returns what the work returns`()
        async
    {
        var console = Console(environment: [:])
        console.volume = .quiet
        let display = ProgressDisplay(
            progress: RunProgress(), console: console, closedHosts: ThrottledHosts { .zero },
            traffic: RequestStatistics(), time: .system)
        let seven = await display.during { 7 }
        #expect(seven == 7)
    }

    @Test(arguments: [
        (["CI": "true", "TERM": "xterm"], false), (["TERM": "dumb"], false), ([:], false),
    ])
    func `is no live one in a job, on a dumb terminal or without one`(
        environment: [String: String], isLive: Bool
    ) {
        #expect(Console(environment: environment).isLive == isLive)
    }

    @Test(arguments: [
        (["LANG": "C.UTF-8"], true), (["LANG": "en_US.utf8"], true), (["LANG": "C"], false),
        (["LANG": "C.UTF-8", "LC_ALL": "POSIX"], false), ([:], false),
    ])
    func `asks the locale for the letters that a terminal has`(
        environment: [String: String], hasBlocks: Bool
    ) {
        #expect(Console(environment: environment).hasBlocks == hasBlocks)
    }
}

// SPDX-License-Identifier: Apache-2.0

import CPosix
import Glibc
import Testing

@testable import CurlHTTP

struct SocketPollerTests {
    private let poller: SocketPoller
    /// A descriptor that is always writable, and readable after ``signal()``.
    private let descriptor = eventfd(0, Int32(EFD_CLOEXEC))

    init() throws {
        poller = try #require(SocketPoller())
        try #require(descriptor >= 0)
    }

    private func close() {
        poller.close()
        Glibc.close(descriptor)
    }

    private func signal() {
        eventfd_write(descriptor, 1)
    }

    /// Returns the events that are there now.
    private func events(waiting milliseconds: Int32 = 0) -> [Int32: SocketPoller.Events] {
        var all: [Int32: SocketPoller.Events] = [:]
        poller.wait(milliseconds: milliseconds) { all[$0] = $1 }
        return all
    }

    @Test func `only the watched events are reported, until the socket is ignored`() {
        defer { close() }
        #expect(events().isEmpty)
        #expect(poller.watch(descriptor, for: .write))
        signal()
        #expect(events() == [descriptor: .write])
        #expect(poller.watch(descriptor, for: [.read, .write]))
        #expect(events() == [descriptor: [.read, .write]])
        #expect(poller.watch(descriptor, for: .read))
        #expect(events() == [descriptor: .read])
        poller.ignore(descriptor)
        #expect(events().isEmpty)
    }

    @Test func `a socket without a connection has an error`() {
        defer { close() }
        let unconnected = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(unconnected) }
        #expect(poller.watch(unconnected, for: .read))
        #expect(events() == [unconnected: .error])
    }

    @Test func `a descriptor that is not open cannot be watched, and is ignored without harm`() {
        defer { close() }
        #expect(!poller.watch(-1, for: .read))
        poller.ignore(-1)
    }

    @Test func `waking ends one wait, from another thread as well`() async {
        defer { close() }
        await Task.detached { [poller] in poller.wakeup.signal() }.value
        #expect(events(waiting: 60_000).isEmpty)
        // Nothing is left of it.
        signal()
        #expect(poller.watch(descriptor, for: .read))
        #expect(events(waiting: 60_000) == [descriptor: .read])
    }
}

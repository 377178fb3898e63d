// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import CurlHTTP

struct SocketPollerTests {
    private let poller: SocketPoller
    /// The two ends of a connection.
    private let (near, far): (Int32, Int32)

    init() throws {
        poller = try #require(SocketPoller())
        var ends: [Int32] = [-1, -1]
        try #require(
            unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        (near, far) = (ends[0], ends[1])
    }

    private func close() {
        poller.close()
        Glibc.close(near)
        Glibc.close(far)
    }

    /// Returns the events that are there now.
    private func events(waiting milliseconds: Int32 = 0) -> [Int32: SocketPoller.Events] {
        var all: [Int32: SocketPoller.Events] = [:]
        poller.wait(milliseconds: milliseconds) { all[$0] = $1 }
        return all
    }

    private func send() {
        _ = unsafe write(far, "x", 1)
    }

    @Test func `only the watched events are reported, until the socket is ignored`() {
        defer { close() }
        #expect(events().isEmpty)
        poller.watch(near, for: .write)
        send()
        #expect(events() == [near: .write])
        poller.watch(near, for: [.read, .write])
        #expect(events() == [near: [.read, .write]])
        poller.watch(near, for: .read)
        #expect(events() == [near: .read])
        poller.ignore(near)
        #expect(events().isEmpty)
    }

    @Test func `the end of a connection is an error`() {
        defer { close() }
        poller.watch(near, for: .read)
        shutdown(far, Int32(SHUT_RDWR))
        #expect(events() == [near: [.read, .error]])
    }

    @Test func `a descriptor that is not open cannot be watched, and is ignored without harm`() {
        defer { close() }
        #expect(!poller.watch(-1, for: .read))
        poller.ignore(-1)
    }

    @Test func `waking ends one wait, from another thread as well`() async {
        defer { close() }
        await Task.detached { [poller] in poller.wake() }.value
        #expect(events(waiting: 60_000).isEmpty)
        // Nothing is left of it.
        send()
        poller.watch(near, for: .read)
        #expect(events(waiting: 60_000) == [near: .read])
    }
}

// SPDX-License-Identifier: Apache-2.0

import CPosix
import Glibc
import Testing

@testable import CurlHTTP

final class SocketInterestsTests {
    private let poller: SocketPoller
    private var interests = SocketInterests()

    init() throws {
        poller = try #require(SocketPoller())
    }

    deinit { poller.close() }

    /// Returns a descriptor that is readable and writable, with the given number if there is one.
    private func descriptor(numbered number: Int32? = nil) throws -> Int32 {
        let descriptor = eventfd(1, Int32(EFD_CLOEXEC))
        try #require(descriptor >= 0)
        guard let number, number != descriptor else { return descriptor }
        try #require(dup2(descriptor, number) == number)
        Glibc.close(descriptor)
        return number
    }

    /// Applies the changes, and returns a Boolean value that indicates whether all were accepted.
    private func apply() -> Bool { interests.apply(to: poller) }

    /// Applies the changes, and returns the events that are there now.
    private func events() -> [Int32: SocketPoller.Events] {
        #expect(apply())
        var all: [Int32: SocketPoller.Events] = [:]
        poller.wait(milliseconds: 0) { all[$0] = $1 }
        return all
    }

    @Test func `the last change before a wait is applied`() throws {
        let socket = try descriptor()
        defer { Glibc.close(socket) }
        interests.watch(socket, for: .write)
        interests.watch(socket, for: .read)
        #expect(events() == [socket: .read])
        interests.remove(socket)
        interests.watch(socket, for: [.read, .write])
        #expect(events() == [socket: [.read, .write]])
        interests.watch(socket, for: .read)
        interests.remove(socket)
        #expect(events().isEmpty)
        interests.watch(socket, for: .write)
        #expect(events() == [socket: .write])
    }

    @Test func `a socket that another one replaces under its number is watched`() throws {
        let socket = try descriptor()
        interests.watch(socket, for: .read)
        #expect(events() == [socket: .read])
        interests.remove(socket)
        Glibc.close(socket)
        let other = try descriptor(numbered: socket)
        defer { Glibc.close(other) }
        interests.watch(other, for: .read)
        #expect(events() == [socket: .read])
    }

    @Test func `a socket that cannot be watched is reported once`() {
        interests.watch(-1, for: .read)
        #expect(!apply())
        #expect(apply())
    }
}

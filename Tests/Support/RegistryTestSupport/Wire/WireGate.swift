// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A gate that scripts wait for until the test opens it.
public final class WireGate: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    /// Creates a closed gate.
    public init() {
        var ends: [Int32] = [-1, -1]
        let isMade = unsafe pipe(&ends) == 0
        precondition(isMade, "the system has a pipe for the test")
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// Opens the gate permanently.
    public func open() {
        let byte: UInt8 = 1
        _ = unsafe withUnsafeBytes(of: byte) { unsafe write(writeEnd, $0.baseAddress, 1) }
    }

    /// Blocks the thread until the gate is open.
    public func wait() {
        var query = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&query, 1, -1)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A gate that blocks threads until a test opens it permanently.
public final class Gate: Sendable {
    /// The two ends of a pipe.
    ///
    /// A byte in it, which is never read, is what poll() reports.
    private let (output, input): (Int32, Int32)

    /// Creates a closed gate.
    public init() {
        var ends: [Int32] = [-1, -1]
        let made = unsafe pipe(&ends)
        precondition(made == 0, "the process has two free file descriptors for a gate")
        (output, input) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(output)
        close(input)
    }

    /// Resumes all waiting threads and does not block any more.
    public func open() {
        // Only a full pipe rejects the byte, and then the gate is open already.
        _ = unsafe write(input, [1], 1)
    }

    /// A Boolean value that indicates whether the gate is open.
    public var isOpen: Bool { wait(orUntil: nil, seconds: 0) }

    /// Blocks the thread until this gate or `other` is open, or the time is over.
    ///
    /// Returns a Boolean value that indicates whether this gate is open.
    func wait(orUntil other: Gate?, seconds: Int) -> Bool {
        var watched = [output, other?.output ?? -1].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        var outcome: Int32
        repeat {
            outcome = unsafe poll(&watched, nfds_t(watched.count), Int32(seconds * 1000))
        } while outcome < 0 && errno == EINTR
        return watched[0].revents != 0
    }
}

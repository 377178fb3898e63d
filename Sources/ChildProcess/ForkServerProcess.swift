// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// The server process of a ``ForkServer``, which forks a child for each request.
///
/// It never processes untrusted data itself, so each child starts from the same state. It must be
/// single-threaded: after a `fork` in a process with several threads, the child may only call
/// async-signal-safe functions.
///
/// Source: fork(2).
public enum ForkServerProcess {
    /// The maximum size of a request, in bytes.
    public static let maximumRequestByteCount = 512

    private final class Child {
        let process: pid_t
        let control: PipeEnd
        var isKilled = false

        init(_ process: pid_t, control: consuming PipeEnd) {
            self.process = process
            self.control = control
        }

        func kill() {
            isKilled = true
            Glibc.kill(process, SIGKILL)
        }
    }

    /// Serves the requests on standard input until the client closes it, then kills the remaining
    /// children.
    ///
    /// - Parameters:
    ///   - parse: Parses a request in this process; `nil` if the request is invalid.
    ///   - run: Performs a request in the child, whose standard input and output are the descriptors
    ///     of the request, and returns the exit status.
    public static func serve<Request>(
        parsing parse: (_ bytes: [UInt8]) -> Request?, running run: (Request) -> Int32
    ) {
        let exits = childExits()
        guard exits.descriptor >= 0 else { return }
        var children: [Child] = []
        defer { for child in children { child.kill() } }
        while true {
            var entries = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(fd: exits.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            for child in children {
                // A killed child is only reaped; its control socket is no longer read.
                let control = child.isKilled ? -1 : child.control.descriptor
                entries.append(pollfd(fd: control, events: Int16(POLLIN), revents: 0))
            }
            guard unsafe poll(&entries, nfds_t(entries.count), -1) > 0 || errno == EINTR else {
                return
            }
            for (child, entry) in zip(children, entries.dropFirst(2)) where entry.revents != 0 {
                child.kill()
            }
            if entries[1].revents != 0 {
                _ = exits.read(upTo: 4096)
                reap(&children)
            }
            if entries[0].revents != 0 {
                guard receive(parsing: parse, running: run, &children) else { return }
            }
        }
    }

    /// Returns a descriptor that is readable when a child has exited.
    private static func childExits() -> PipeEnd {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGCHLD)
        unsafe sigprocmask(SIG_BLOCK, &signals, nil)
        return PipeEnd(unsafe signalfd(-1, &signals, O_CLOEXEC | O_NONBLOCK))
    }

    /// Reaps the children that have exited and reports their statuses.
    private static func reap(_ children: inout [Child]) {
        var status: Int32 = 0
        while true {
            let process = unsafe waitpid(-1, &status, WNOHANG)
            guard process > 0 || (process < 0 && errno == EINTR) else { return }
            guard let position = children.firstIndex(where: { $0.process == process }) else {
                continue
            }
            report(.ended(status), to: children.remove(at: position).control)
        }
    }

    private static func report(_ report: ExitReport, to control: borrowing PipeEnd) {
        let bytes = report.bytes
        // The client may have closed its end.
        _ = unsafe send(control.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Receives a request and forks its child; returns `false` if the connection is closed.
    private static func receive<Request>(
        parsing parse: (_ bytes: [UInt8]) -> Request?, running run: (Request) -> Int32,
        _ children: inout [Child]
    ) -> Bool {
        var bytes = [UInt8](repeating: 0, count: maximumRequestByteCount)
        var descriptors: [Int32] = [-1, -1, -1]
        let count = unsafe cposix_receive(STDIN_FILENO, &bytes, bytes.count, &descriptors)
        guard count != 0 else { return false }
        // The descriptors of an invalid message are already closed, so the client sees the end.
        guard count > 0 else { return true }
        let input = PipeEnd(descriptors[0])
        let output = PipeEnd(descriptors[1])
        let control = PipeEnd(descriptors[2])
        guard let request = parse(Array(bytes.prefix(count))) else {
            report(.failed(EINVAL), to: control)
            return true
        }
        let parent = getpid()
        let process = cposix_fork()
        if process == 0 {
            guard prepare(input: input, output: output, parent: parent) else { _exit(1) }
            _exit(run(request))
        }
        if process < 0 {
            report(.failed(errno), to: control)
        } else {
            children.append(Child(process, control: control))
        }
        return true
    }

    /// Sets up the standard files of a child and closes all other descriptors.
    ///
    /// - Returns: `false` if the child must exit.
    private static func prepare(
        input: borrowing PipeEnd, output: borrowing PipeEnd, parent: pid_t
    ) -> Bool {
        // If the parent exited before `prctl`, no signal follows.
        guard cposix_die_with_parent() == 0, getppid() == parent,
            dup2(input.descriptor, STDIN_FILENO) >= 0,
            dup2(output.descriptor, STDOUT_FILENO) >= 0
        else { return false }
        closefrom(STDERR_FILENO + 1)
        return true
    }
}

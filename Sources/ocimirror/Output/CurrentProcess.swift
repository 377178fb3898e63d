// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// The environment of the current process, and its end.
enum CurrentProcess {
    /// Returns the environment variables.
    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        guard var entry = unsafe cposix_environment() else { return variables }
        while let text = unsafe entry.pointee {
            let parts = unsafe String(cString: text)
                .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            unsafe entry += 1
        }
        return variables
    }

    /// Returns the working directory.
    static func currentDirectory() -> String { absolutePath(of: ".") ?? "/" }

    /// Returns the path of the program's file, or `nil` if the system does not report it.
    static func programPath() -> String? { absolutePath(of: "/proc/self/exe") }

    /// Returns a path without symbolic links, or `nil` if it does not exist.
    private static func absolutePath(of path: String) -> String? {
        guard let path = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// Opens `/dev/null` in place of standard streams that the parent process closed.
    ///
    /// Otherwise the next socket would become standard output, and receive the results.
    static func openClosedStreams() {
        for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 {
            // The lowest free number is the closed one.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    /// Returns the days since 1970-01-01 in UTC.
    static func daysSinceEpoch() -> Int { secondsSinceEpoch() / 86_400 }

    /// Returns the seconds since 1970-01-01T00:00:00Z.
    static func secondsSinceEpoch() -> Int { Glibc.time(nil) }

    /// Ends the process without running exit handlers.
    ///
    /// OpenSSL's exit handler frees memory that the thread that closes connections can still use,
    /// which ended some runs with SIGSEGV. Output is unbuffered, so nothing is lost.
    static func exit(with code: Int32) -> Never {
        _exit(code)
    }

    /// Ends the process immediately, with the exit code of a process killed by the signal.
    static func exit(with signal: TerminationSignal) -> Never {
        _exit(128 + signal.rawValue)
    }
}

/// The signal handling of the process.
enum SignalHandling {
    /// Sets the signal actions that the program depends on.
    ///
    /// A write to a closed pipe, or beyond the file size limit, fails instead of killing the
    /// process. The kernel keeps the exit status of children, even if the parent process ignored
    /// SIGCHLD.
    static func setActions() {
        for number in [SIGPIPE, SIGXFSZ] { _ = signal(number, SIG_IGN) }
        _ = signal(SIGCHLD, SIG_DFL)
    }

    /// Blocks SIGINT and SIGTERM, so that `wait(for:)` receives them.
    ///
    /// Must be called while there is only one thread, because new threads inherit the mask. A
    /// signal that the parent process ignores stays ignored, as for background jobs of a shell.
    static func blockTerminationSignals() -> Set<TerminationSignal> {
        let signals = Set(TerminationSignal.allCases.filter { !cposix_is_ignored($0.rawValue) })
        var set = signalSet(signals)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        return signals
    }

    /// Blocks the current thread until one of the signals is received.
    static func wait(for signals: Set<TerminationSignal>) -> TerminationSignal {
        var set = signalSet(signals)
        while true {
            var number: Int32 = 0
            guard unsafe sigwait(&set, &number) == 0 else { continue }
            if let signal = TerminationSignal(rawValue: number) { return signal }
        }
    }

    /// Blocks the current thread until one of the signals is received, or returns `nil` after
    /// `timeout`.
    static func wait(for signals: Set<TerminationSignal>, timeout: Duration)
        -> TerminationSignal?
    {
        var set = signalSet(signals)
        let end = ContinuousClock.now + timeout
        while true {
            let (seconds, attoseconds) = max(end - .now, .zero).components
            var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            let number = unsafe sigtimedwait(&set, nil, &time)
            // EINTR, for example after SIGSTOP and SIGCONT, does not mean that the time is over.
            if number < 0, errno == EINTR { continue }
            return TerminationSignal(rawValue: number)
        }
    }

    private static func signalSet(_ signals: Set<TerminationSignal>) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        return set
    }
}

/// A signal that requests the program to end.
enum TerminationSignal: Int32, CaseIterable {
    /// SIGINT: Ctrl-C.
    case interrupt = 2
    /// SIGTERM: `kill`, or a job's time limit.
    case terminate = 15
}

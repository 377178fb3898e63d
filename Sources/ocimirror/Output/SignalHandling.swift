// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

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

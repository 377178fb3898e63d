// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// What the program asks of the process that it runs in; raw pointers stay in this file.
enum CurrentProcess {
    /// The two streams that a command writes to.
    enum Stream: Int32 {
        case output = 1
        case error = 2
    }

    /// Whether a person looks at the stream.
    static func isTerminal(_ stream: Stream) -> Bool {
        isatty(stream.rawValue) == 1
    }

    /// How many columns and rows a terminal has.
    struct Size: Hashable {
        var columns: Int
        var rows: Int

        /// A terminal that does not say how large it is.
        static let usual = Size(columns: 80, rows: 24)
    }

    /// How large the terminal behind a stream is; nil where there is none, or it does not say.
    static func size(of stream: Stream) -> Size? {
        var size = winsize()
        guard unsafe ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Whether what is written is taken at once, which a stopped terminal (Ctrl-S) and a pipe whose reader
    /// sleeps do not do.
    static func showsAtOnce(_ stream: Stream) -> Bool { takesBytes(stream, within: 0) }

    /// Whether a stream takes bytes within so many milliseconds; -1 waits until it does or never will.
    private static func takesBytes(_ stream: Stream, within milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: stream.rawValue, events: Int16(POLLOUT), revents: 0)
        while true {
            let count = unsafe poll(&descriptor, 1, milliseconds)
            if count < 0, errno == EINTR { continue }
            return count == 1 && descriptor.revents & Int16(POLLOUT) != 0
        }
    }

    /// Whether a terminal is this process's to draw on, and not that of the shell which started it.
    static func isInForeground(_ stream: Stream) -> Bool {
        // None where it is another session's terminal, which knows no background.
        let group = tcgetpgrp(stream.rawValue)
        return group < 0 || group == getpgrp()
    }

    /// Writes text; a reader that has gone away is not this program's affair.
    static func write(_ text: String, to stream: Stream) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(stream.rawValue, buffer.baseAddress, buffer.count)
            }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Another program has made the stream non-blocking, and its reader is slow.
                guard takesBytes(stream, within: -1) else { return }
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }

    /// The environment's variables.
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

    /// The folder in which the program was started.
    static func currentDirectory() -> String { absolutePath(of: ".") ?? "/" }

    /// The file that this program was started from; nil where the system does not say.
    static func programPath() -> String? { absolutePath(of: "/proc/self/exe") }

    /// A path without links; nil where it leads nowhere.
    private static func absolutePath(of path: String) -> String? {
        guard let path = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// How many days have passed since 1970-01-01, in UTC.
    static func daysSinceEpoch() -> Int { secondsSinceEpoch() / 86_400 }

    /// How many seconds have passed since the beginning of 1970-01-01, in UTC.
    static func secondsSinceEpoch() -> Int { Glibc.time(nil) }

    /// Lets writes to a closed pipe, and to a file at its size limit, fail instead of killing the process,
    /// and has the kernel keep the status of children, which it drops where our parent ignored SIGCHLD.
    static func setSignalActions() {
        for number in [SIGPIPE, SIGXFSZ] { _ = signal(number, SIG_IGN) }
        _ = signal(SIGCHLD, SIG_DFL)
    }

    /// Keeps SIGINT and SIGTERM from ending the process, so that `wait(for:)` gets them.
    ///
    /// To be called while there is only one thread: those that it starts inherit the mask. A
    /// signal that the parent ignores stays ignored; a shell sees to that for jobs in the background.
    static func blockEndingSignals() -> Set<TerminationSignal> {
        let signals = Set(TerminationSignal.allCases.filter { !cposix_is_ignored($0.rawValue) })
        var set = signalSet(signals)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        return signals
    }

    /// Waits on this thread until one of the signals comes.
    static func wait(for signals: Set<TerminationSignal>) -> TerminationSignal {
        var set = signalSet(signals)
        while true {
            var number: Int32 = 0
            guard unsafe sigwait(&set, &number) == 0 else { continue }
            if let signal = TerminationSignal(rawValue: number) { return signal }
        }
    }

    /// Waits so long at most; nil where none has come by then.
    static func wait(for signals: Set<TerminationSignal>, atMost limit: Duration)
        -> TerminationSignal?
    {
        var set = signalSet(signals)
        let end = ContinuousClock.now + limit
        while true {
            let (seconds, attoseconds) = max(end - .now, .zero).components
            var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            let number = unsafe sigtimedwait(&set, nil, &time)
            // A stop in between breaks the wait off, and says nothing about the time.
            if number < 0, errno == EINTR { continue }
            return TerminationSignal(rawValue: number)
        }
    }

    /// Ends the process once all is said.
    ///
    /// Exit handlers do not run: OpenSSL's takes down what the thread that closes connections may
    /// still be using, which ended some runs by SIGSEGV when all was done. Nothing is buffered here.
    static func leave(with code: Int32) -> Never {
        _exit(code)
    }

    /// Ends the process with nothing finished, as the signal by itself would have done.
    static func endAtOnce(by signal: TerminationSignal) -> Never {
        _exit(128 + signal.rawValue)
    }

    private static func signalSet(_ signals: Set<TerminationSignal>) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        return set
    }
}

/// A signal by which a person or a job's supervisor asks the program to end.
enum TerminationSignal: Int32, CaseIterable {
    /// SIGINT: Ctrl-C.
    case interrupt = 2
    /// SIGTERM: `kill`, or a job's time limit.
    case terminate = 15
}

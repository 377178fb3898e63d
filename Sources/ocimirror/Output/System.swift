// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// What the program asks of the process that it runs in; raw pointers stay in this file.
enum System {
    /// The two streams that a command writes to.
    enum Stream: Int32 {
        case output = 1
        case error = 2
    }

    /// Whether a person looks at the stream.
    static func isTerminal(_ stream: Stream) -> Bool {
        isatty(stream.rawValue) == 1
    }

    /// How many columns the terminal behind a stream has; nil where there is none.
    static func width(of stream: Stream) -> Int? {
        var size = winsize()
        guard unsafe ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
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
            } else if errno != EINTR && errno != EAGAIN {
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
    static func currentDirectory() -> String {
        guard let path = unsafe realpath(".", nil) else { return "/" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    /// How many days have passed since 1970-01-01, in UTC.
    static func daysSinceEpoch() -> Int {
        Glibc.time(nil) / 86_400
    }

    /// A signal that asks the process to end.
    enum Interruption: Int32, CaseIterable {
        case interrupt = 2
        case terminate = 15

        /// What a shell says of a process that the signal ended.
        var exitCode: Int32 { 128 + rawValue }
    }

    /// Keeps SIGINT and SIGTERM until ``nextInterruption()`` asks for them.
    ///
    /// To be called before there is any other thread: all later ones inherit it.
    static func holdInterruptions() {
        var signals = interruptions
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Waits on this thread for a signal that is held.
    static func nextInterruption() -> Interruption {
        var signals = interruptions
        while true {
            var number: Int32 = 0
            let failure = unsafe sigwait(&signals, &number)
            if failure == 0, let interruption = Interruption(rawValue: number) {
                return interruption
            }
        }
    }

    private static var interruptions: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for interruption in Interruption.allCases {
            unsafe sigaddset(&signals, interruption.rawValue)
        }
        return signals
    }

    /// Lets writes to a closed pipe, and to a file at its size limit, fail instead of killing the process.
    static func ignoreWriteSignals() {
        for number in [SIGPIPE, SIGXFSZ] { _ = signal(number, SIG_IGN) }
    }
}

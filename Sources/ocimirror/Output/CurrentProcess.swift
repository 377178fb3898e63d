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

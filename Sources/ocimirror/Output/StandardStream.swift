// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An output stream of the process.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// A Boolean value that indicates whether the stream is a terminal.
    var isTerminal: Bool { isatty(rawValue) == 1 }

    /// The size of the terminal, or `nil` if the stream is not a terminal or reports no
    /// size.
    var terminalSize: TerminalSize? {
        var size = winsize()
        guard unsafe ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// A Boolean value that indicates whether a write would not block.
    ///
    /// A stopped terminal (Ctrl-S), or a full pipe that is not read, blocks a write.
    var isWritable: Bool { waitUntilWritable(milliseconds: 0) }

    /// Waits until the stream is writable, at most for a number of milliseconds; -1 for no limit.
    ///
    /// Returns a Boolean value that indicates whether it is.
    private func waitUntilWritable(milliseconds: Int32) -> Bool {
        var descriptor = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
        while true {
            let count = unsafe poll(&descriptor, 1, milliseconds)
            if count < 0, errno == EINTR { continue }
            return count == 1 && descriptor.revents & Int16(POLLOUT) != 0
        }
    }

    /// A Boolean value that indicates whether the process is in the foreground of the
    /// terminal.
    var isInForeground: Bool {
        // A negative group means that the terminal belongs to another session, which has no
        // background.
        let group = tcgetpgrp(rawValue)
        return group < 0 || group == getpgrp()
    }

    /// Writes text.
    ///
    /// Errors are ignored, because a closed pipe does not concern the command.
    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(rawValue, buffer.baseAddress, buffer.count)
            }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Another program made the stream non-blocking, and its reader is slow.
                guard waitUntilWritable(milliseconds: -1) else { return }
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}

/// The size of a terminal in columns and rows.
struct TerminalSize: Hashable {
    var columns: Int
    var rows: Int

    /// The size of a terminal that does not report one.
    static let fallback = TerminalSize(columns: 80, rows: 24)
}

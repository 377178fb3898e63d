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
        Self.events(POLLOUT, of: rawValue, within: milliseconds) & POLLOUT != 0
    }

    /// Waits for events of a descriptor, at most for a number of milliseconds; -1 for no limit.
    ///
    /// Returns the events that occurred; 0 at the end of the time.
    static func events(_ events: Int32, of number: Int32, within milliseconds: Int32) -> Int32 {
        var descriptor = pollfd(fd: number, events: Int16(events), revents: 0)
        while true {
            let count = unsafe poll(&descriptor, 1, milliseconds)
            guard count < 0 else { return Int32(descriptor.revents) }
            guard errno == EINTR else { return POLLERR }
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
    /// - Returns: The `errno` of a failed write, or `nil`. It is not a failure if the
    ///   reader has closed the pipe.
    @discardableResult
    func write(_ text: String) -> Int32? {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(rawValue, buffer.baseAddress, buffer.count)
            }
            if count > 0 {
                bytes = bytes.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Another program made the stream non-blocking, and its reader is slow.
                guard waitUntilWritable(milliseconds: -1) else { return EIO }
            } else if count == 0 || errno != EINTR {
                return count == 0 ? EIO : errno == EPIPE ? nil : errno
            }
        }
        return nil
    }
}

/// The size of a terminal in columns and rows.
struct TerminalSize: Hashable {
    var columns: Int
    var rows: Int

    /// The size of a terminal that does not report one.
    static let fallback = TerminalSize(columns: 80, rows: 24)
}

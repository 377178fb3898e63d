// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A pseudo-terminal whose output can be read.
public final class PseudoTerminal: Sendable {
    /// The device that a program uses as its terminal.
    public let path: String
    private let primary: Int32
    /// Kept open, so that reading does not end before the program has opened it.
    private let replica: Int32

    /// `TIOCSPTLCK` and `TIOCGPTN`, macros that are not imported into Swift; the module lacks
    /// <pty.h> too.
    ///
    /// Source: ioctl_tty(2), asm-generic/ioctls.h.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    /// Creates a terminal with a size.
    ///
    /// - Throws: ``FixtureError`` if no pseudo-terminal is available.
    public init(columns: Int, rows: Int) throws {
        var (number, isLocked): (Int32, Int32) = (0, 0)
        primary = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard primary >= 0, unsafe ioctl(primary, Self.setLock, &isLocked) == 0,
            unsafe ioctl(primary, Self.getNumber, &number) == 0
        else { throw FixtureError("there is no terminal to be had (error \(errno))") }
        path = "/dev/pts/\(number)"
        replica = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        resize(columns: columns, rows: rows)
    }

    deinit {
        close(primary)
        close(replica)
    }

    /// Resizes the terminal, as a terminal emulator does.
    public func resize(columns: Int, rows: Int) {
        var size = winsize(
            ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = unsafe ioctl(primary, UInt(TIOCSWINSZ), &size)
    }

    /// Blocks the current thread until there is output, or for a second: a program may end without
    /// any.
    public func waitForOutput() {
        var descriptor = pollfd(fd: primary, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&descriptor, 1, 1000)
    }

    /// Returns the output since the last call, without waiting for more.
    public func read() -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        var descriptor = pollfd(fd: primary, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&descriptor, 1, 0) == 1, descriptor.revents & Int16(POLLIN) != 0 {
            let count = unsafe Glibc.read(primary, &piece, piece.count)
            guard count > 0 else { break }
            bytes += piece.prefix(count)
        }
        return bytes
    }
}

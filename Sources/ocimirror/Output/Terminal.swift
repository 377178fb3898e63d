// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What a person types, and what a script sends; raw pointers stay in this file.
enum Terminal {
    /// Whether a person can be asked.
    static var isThere: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks a person for a line.
    ///
    /// - Parameters:
    ///   - question: what stands before the cursor.
    ///   - isSecret: whether what is typed stays unseen.
    /// - Returns: the line without its end; nil where there will be none.
    /// - Throws: `CancellationError` where the person interrupts instead.
    static func line(_ question: String, isSecret: Bool = false) throws -> String? {
        let settings = isSecret ? withoutEcho() : nil
        defer {
            if let settings {
                restore(settings)
                CurrentProcess.write("\n", to: .error)
            }
        }
        CurrentProcess.write(question, to: .error)
        return try input(limit: 4096, until: UInt8(ascii: "\n")).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Reads standard input to its end, without a line break there.
    ///
    /// - Parameter limit: how many bytes are taken; nil is returned where there are more.
    /// - Returns: the text; nil where there is too much of it or it is not UTF-8.
    /// - Throws: `CancellationError`.
    static func allInput(limit: Int) throws -> String? {
        guard let bytes = try input(limit: limit, until: nil) else { return nil }
        guard var text = String(validating: bytes, as: UTF8.self) else { return nil }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// Reads up to a byte, which is dropped, or to the end; nil for nothing before the end where a
    /// byte is wanted, and for too much.
    private static func input(limit: Int, until end: UInt8?) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            try waitForInput()
            var byte: UInt8 = 0
            let count = unsafe read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return bytes.isEmpty && end != nil ? nil : bytes }
            if byte == end { return bytes }
            bytes.append(byte)
        }
        return nil
    }

    /// Waits until there is something to read, and notices meanwhile that the run has been cancelled:
    /// a signal is taken by another thread, so it does not break off a read.
    private static func waitForInput() throws {
        var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        repeat {
            try Task.checkCancellation()
        } while unsafe poll(&descriptor, 1, 100) == 0
    }

    private static func withoutEcho() -> termios? {
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        // What was typed before has been seen already, so it is dropped.
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        return settings
    }

    private static func restore(_ settings: termios) {
        var settings = settings
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
    }
}

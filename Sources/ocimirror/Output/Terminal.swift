// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Standard input: prompts on a terminal, and piped input.
enum Terminal {
    /// A Boolean value that indicates whether standard input is a terminal.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    /// Prompts for a line of input.
    ///
    /// - Parameters:
    ///   - prompt: The prompt.
    ///   - isSecret: A Boolean value that indicates whether the echo is turned off.
    /// - Returns: The line without its line break, or `nil` at the end of the input.
    /// - Throws: `CancellationError` if the command is canceled.
    static func line(_ prompt: String, isSecret: Bool = false) throws -> String? {
        let settings = isSecret ? disableEcho() : nil
        defer {
            if let settings {
                restore(settings)
                StandardStream.error.write("\n")
            }
        }
        StandardStream.error.write(prompt)
        return try input(limit: 4096, until: UInt8(ascii: "\n")).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Reads standard input to its end and removes one trailing line break.
    ///
    /// - Parameter limit: The maximum number of bytes.
    /// - Returns: The text, or `nil` if it is too long or not UTF-8.
    /// - Throws: `CancellationError` if the command is canceled.
    static func allInput(limit: Int) throws -> String? {
        guard let bytes = try input(limit: limit, until: nil) else { return nil }
        guard var text = String(validating: bytes, as: UTF8.self) else { return nil }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// Reads up to a delimiter, which is dropped, or to the end of the input.
    ///
    /// - Returns: The bytes, or `nil` if there are too many, or none before the end although a
    ///   delimiter is expected.
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

    /// Waits until input is available, and checks for cancellation.
    ///
    /// Signals are received by another thread, so they do not interrupt a read.
    private static func waitForInput() throws {
        repeat {
            try Task.checkCancellation()
        } while StandardStream.events(POLLIN, of: STDIN_FILENO, within: 100) == 0
    }

    private static func disableEcho() -> termios? {
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        var hidden = settings
        hidden.c_lflag &= ~tcflag_t(ECHO)
        // Input that was typed before was echoed, so it is discarded.
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        return settings
    }

    private static func restore(_ settings: termios) {
        var settings = settings
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A small program that serves in the foreground until somebody interrupts it.
public struct ServingProgram: Sendable {
    /// What was asked for, by option; flags have an empty value.
    public let options: [String: String]
    /// A pipe in which a signal leaves a byte.
    private static let bell: (output: Int32, input: Int32) = {
        var ends: [Int32] = [-1, -1]
        _ = unsafe pipe(&ends)
        return (ends[0], ends[1])
    }()

    /// Reads the words after the program's name; ends the program with 64 where they are not as they should be.
    ///
    /// Made first of all: from then on signals are only waited for.
    ///
    /// - Parameters:
    ///   - usage: the lines that say how it is used.
    ///   - options: the options that take a value.
    ///   - flags: the options that take none.
    public init(usage: [String], options: Set<String>, flags: Set<String> = []) {
        // The pipe must be there before a handler needs it.
        _ = Self.bell
        // A mask would not do: threads that were there before it would still be ended by a signal.
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in
                var byte: UInt8 = 1
                _ = unsafe write(ServingProgram.bell.input, &byte, 1)
            }
        }
        var given: [String: String] = [:]
        var rest = CommandLine.arguments.dropFirst()
        while let option = rest.popFirst() {
            let value = flags.contains(option) ? "" : rest.popFirst()
            guard let value, options.union(flags).contains(option) else {
                Self.fail(usage)
            }
            given[option] = value
        }
        self.options = given
    }

    /// Ends the program with 64 after lines on standard error.
    public static func fail(_ lines: [String]) -> Never {
        for line in lines { say(line, to: 2) }
        exit(64)
    }

    /// Writes a line to standard output.
    public func say(_ line: String) { Self.say(line, to: 1) }

    /// Waits until the program is interrupted or asked to end.
    public func waitForEnd() {
        var byte: UInt8 = 0
        while unsafe read(Self.bell.output, &byte, 1) < 0 && errno == EINTR {}
    }

    private static func say(_ line: String, to descriptor: Int32) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }
}

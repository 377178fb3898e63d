// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A small server program that runs in the foreground until it is interrupted.
public struct ServingProgram: Sendable {
    /// The values by option; flags have an empty value.
    public let options: [String: String]
    /// A pipe to which a signal handler writes a byte.
    private static let bell: (output: Int32, input: Int32) = {
        var ends: [Int32] = [-1, -1]
        _ = unsafe pipe(&ends)
        return (ends[0], ends[1])
    }()

    /// Parses the command line; ends the program with code 64 if it is invalid.
    ///
    /// Must be created first: from then on, signals are handled by `wait()`.
    ///
    /// - Parameters:
    ///   - usage: The usage text.
    ///   - options: The options with a value.
    ///   - flags: The options without a value.
    public init(usage: [String], options: Set<String>, flags: Set<String> = []) {
        // The pipe must exist before a handler uses it.
        _ = Self.bell
        // A signal mask would not be sufficient, because threads that exist already would still be
        // ended.
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

    /// Prints lines to standard error and ends the program with code 64.
    public static func fail(_ lines: [String]) -> Never {
        for line in lines { say(line, to: 2) }
        exit(64)
    }

    /// Writes a line to standard output.
    public func say(_ line: String) { Self.say(line, to: 1) }

    /// Waits until the program is interrupted or terminated.
    public func waitForEnd() {
        var byte: UInt8 = 0
        while unsafe read(Self.bell.output, &byte, 1) < 0 && errno == EINTR {}
    }

    /// Writes a line to a descriptor, by default standard output.
    public static func say(_ line: String, to descriptor: Int32 = 1) {
        let bytes = Array("\(line)\n".utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    }
}

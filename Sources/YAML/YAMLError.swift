// SPDX-License-Identifier: Apache-2.0

/// An error that indicates that a file is not valid YAML or exceeds a limit.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The position of the problem.
    public let mark: YAMLMark
    /// The problem, in lower case; it quotes nothing of the file.
    public let message: String

    /// Creates an error.
    public init(at mark: YAMLMark, _ message: String) {
        self.mark = mark
        self.message = message
    }

    /// The line, from 1.
    public var line: Int { mark.line }
    /// The column in characters, from 1.
    public var column: Int { mark.column }

    /// The error in the form `line:column: message`, to follow the name of the file.
    public var description: String { "\(line):\(column): \(message)" }
}

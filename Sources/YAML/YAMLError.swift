// SPDX-License-Identifier: Apache-2.0

/// A file that is not YAML, or more of it than is read.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the problem was noticed.
    public let mark: YAMLMark
    /// What is wrong, in lower case; it quotes nothing of the file.
    public let message: String

    /// Makes an error.
    public init(at mark: YAMLMark, _ message: String) {
        self.mark = mark
        self.message = message
    }

    /// The line, from 1.
    public var line: Int { mark.line }
    /// The column in characters, from 1.
    public var column: Int { mark.column }

    /// `line:column: message`.
    public var description: String { "\(line):\(column): \(message)" }
}

// SPDX-License-Identifier: Apache-2.0

public import YAML

/// A lock that cannot be read, and where.
public struct LockfileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the file.
    public let mark: YAMLMark
    /// What is wrong there.
    public let message: String

    /// Makes an error.
    public init(at mark: YAMLMark, _ message: String) {
        self.mark = mark
        self.message = message
    }

    /// `line:column: message`, to be put behind the file's name.
    public var description: String { "\(mark.line):\(mark.column): \(message)" }
}

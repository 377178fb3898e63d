// SPDX-License-Identifier: Apache-2.0

/// A position in a YAML file: line and column, both from 1, as editors count them.
public struct YAMLMark: Hashable, Sendable, Comparable {
    /// The line.
    public let line: Int
    /// The column, in Unicode scalars; a byte order mark is not counted.
    public let column: Int

    /// Creates a mark.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Orders marks by line, then by column.
    public static func < (first: YAMLMark, second: YAMLMark) -> Bool {
        (first.line, first.column) < (second.line, second.column)
    }
}

extension YAMLMark: CustomStringConvertible {
    /// The position in the form `line:column`, to follow the name of the file.
    public var description: String { "\(line):\(column)" }
}

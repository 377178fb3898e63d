// SPDX-License-Identifier: Apache-2.0

/// A place in a YAML file as people and editors count it, both from 1.
public struct YAMLMark: Hashable, Sendable, Comparable {
    /// The line.
    public let line: Int
    /// The column, in Unicode scalars; a byte order mark is not counted.
    public let column: Int

    /// Makes a mark.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Orders by line, then by column.
    public static func < (first: YAMLMark, second: YAMLMark) -> Bool {
        (first.line, first.column) < (second.line, second.column)
    }
}

extension YAMLMark: CustomStringConvertible {
    /// `line:column`, to be put behind a file's name.
    public var description: String { "\(line):\(column)" }
}

// SPDX-License-Identifier: Apache-2.0

/// The first bytes of a file.
public struct FileStart: Hashable, Sendable {
    /// The bytes.
    public let bytes: [UInt8]
    /// A Boolean value that indicates whether these are all bytes of the file.
    public let isComplete: Bool

    /// Creates the start of a file.
    public init(_ bytes: [UInt8], isComplete: Bool) {
        self.bytes = bytes
        self.isComplete = isComplete
    }

    /// The first line of a script, without `#!` and the line break.
    ///
    /// A kernel reads no more than this of a longer line.
    public var interpreterLine: [UInt8] {
        Array(bytes.prefix(Self.lineByteLimit).dropFirst(2).prefix { $0 != 0x0A })
    }

    /// The maximum length of a first line, including `#!`.
    ///
    /// Source: Linux, `BINPRM_BUF_SIZE`.
    static let lineByteLimit = 256
    /// The maximum number of bytes of a script.
    public static let scriptByteLimit = 4096
    /// The maximum number of bytes of a configuration.
    ///
    /// The cache of a distribution with thousands of libraries is smaller.
    static let configurationByteLimit = 512 << 10

    /// A Boolean value that indicates whether the first line names a shell, as the interpreter or
    /// as its argument.
    public var namesShell: Bool {
        interpreterLine.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.contains { word in
            let name = word.split(separator: UInt8(ascii: "/")).last ?? []
            return name.suffix(2).elementsEqual("sh".utf8)
        }
    }
}

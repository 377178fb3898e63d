// SPDX-License-Identifier: Apache-2.0

/// The entry of a layer at a path.
public enum LayerEntry: Hashable, Sendable {
    case directory
    case file(File)
    /// A symbolic link, with its target as it is written.
    case symbolicLink(to: [UInt8])
    /// A hard link to a file of a lower layer.
    case hardLink(to: LayerPath)
    /// A device, a pipe or a socket.
    case special

    /// The properties of a regular file that decide what runs.
    public struct File: Hashable, Sendable {
        /// A Boolean value that indicates whether the file has an execute permission.
        public let isExecutable: Bool
        /// The type of the file.
        public let head: Head

        /// Creates a file.
        public init(isExecutable: Bool, head: Head) {
            self.isExecutable = isExecutable
            self.head = head
        }

        /// A file that is not executable.
        public static let data = File(isExecutable: false, head: .data)
    }

    /// The type of a file, as a kernel determines it when it runs the file.
    public enum Head: Hashable, Sendable {
        /// An unknown type.
        case data
        /// A script, which begins with `#!`.
        ///
        /// Of a script for a shell, the first bytes are known; of any other, the first line.
        case script(FileStart)
        /// An ELF program, library or object.
        case elf(ELFHeader)
        /// A file that configures how programs start, such as `/etc/ld.so.conf` or `/etc/passwd`.
        case configuration(FileStart)
    }
}

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

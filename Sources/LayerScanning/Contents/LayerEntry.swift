// SPDX-License-Identifier: Apache-2.0

/// What a layer has at a path.
public enum LayerEntry: Hashable, Sendable {
    case folder
    case file(File)
    /// A symbolic link, with its target as it is written.
    case symbolicLink(to: [UInt8])
    /// Another name of a file that a layer below has.
    case hardLink(to: LayerPath)
    /// A device, a pipe or a socket.
    case special

    /// A regular file, as far as it decides what runs.
    public struct File: Hashable, Sendable {
        /// Whether anybody may execute it.
        public let isExecutable: Bool
        /// What it begins with.
        public let head: Head

        /// Makes a file.
        public init(isExecutable: Bool, head: Head) {
            self.isExecutable = isExecutable
            self.head = head
        }

        /// A file that nobody would start.
        public static let data = File(isExecutable: false, head: .data)
    }

    /// What a kernel sees when it is asked to run a file.
    public enum Head: Hashable, Sendable {
        /// Nothing that it knows.
        case data
        /// `#!`, and the rest of the first line, without the mark.
        case script([UInt8])
        /// A program, a library or an object of a processor.
        case elf(ELFHeader)
    }
}

extension LayerEntry.Head {
    /// How much of a first line counts, `#!` included.
    ///
    /// Source: Linux, `BINPRM_BUF_SIZE`.
    static let lineLimit = 256

    /// Reads the first bytes of a file.
    init(_ bytes: ArraySlice<UInt8>) {
        if let header = ELFHeader(bytes) {
            self = .elf(header)
        } else if bytes.starts(with: "#!".utf8) {
            self = .script(Array(bytes.prefix(Self.lineLimit).dropFirst(2).prefix { $0 != 0x0A }))
        } else {
            self = .data
        }
    }
}

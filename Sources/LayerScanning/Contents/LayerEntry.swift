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

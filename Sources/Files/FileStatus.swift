// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What the system knows about a file without reading it.
public struct FileStatus: Hashable, Sendable {
    /// What kind of file it is.
    public enum Kind: Hashable, Sendable {
        case regular
        case directory
        case symbolicLink
        /// A pipe, a device or a socket.
        case other
    }

    /// Which file it is, whatever its name.
    struct Identity: Hashable, Sendable {
        let device: UInt
        let inode: UInt
    }

    /// What kind of file it is.
    public let kind: Kind
    /// How many bytes it holds.
    public let size: Int
    /// The permission bits, such as `0o644`.
    public let permissions: UInt32
    /// The number of the user who owns it.
    public let owner: UInt32
    let group: UInt32
    let identity: Identity

    init(_ raw: stat) {
        kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        size = Int(raw.st_size)
        permissions = raw.st_mode & 0o7777
        owner = raw.st_uid
        group = raw.st_gid
        identity = Identity(device: UInt(raw.st_dev), inode: UInt(raw.st_ino))
    }

    /// Asks for the status of a path.
    ///
    /// - Parameters:
    ///   - path: the file or directory.
    ///   - followsLinks: whether a symbolic link stands for what it leads to.
    /// - Returns: the status; nil where nothing is there.
    /// - Throws: ``FileError`` where it cannot be found out.
    public static func of(
        _ path: String, followsLinks: Bool = true
    ) throws(FileError) -> FileStatus? {
        var raw = stat()
        do throws(FileError) {
            try system(.inspect, path) {
                unsafe fstatat(AT_FDCWD, path, &raw, followsLinks ? 0 : AT_SYMLINK_NOFOLLOW)
            }
        } catch {
            guard error.isMissing else { throw error }
            return nil
        }
        return FileStatus(raw)
    }
}

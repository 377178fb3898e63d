// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The metadata of a file.
public struct FileStatus: Hashable, Sendable {
    /// The type of a file.
    public enum Kind: Hashable, Sendable {
        case regular
        case directory
        case symbolicLink
        /// A pipe, a device or a socket.
        case other
    }

    /// The identity of a file, independent of its name.
    struct Identity: Hashable, Sendable {
        let device: UInt
        let inode: UInt
    }

    /// The type of the file.
    public let kind: Kind
    /// The size in bytes.
    public let size: Int
    /// The permission bits, such as `0o644`.
    public let permissions: UInt32
    /// The user id of the owner.
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

    /// Returns the metadata of a path.
    ///
    /// - Parameters:
    ///   - path: The file or directory.
    ///   - followsLinks: Whether to return the metadata of the file that a symbolic link refers to.
    /// - Returns: The metadata; `nil` if the path does not exist.
    /// - Throws: ``FileError`` if the metadata cannot be read.
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

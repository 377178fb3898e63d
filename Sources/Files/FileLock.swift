// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An advisory lock between processes, held until the value is released.
///
/// The kernel releases it when the process ends, so a crash leaves no stale lock.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    private let ownsFile: Bool

    private init(_ descriptor: consuming FileDescriptor, ownsFile: Bool) {
        self.descriptor = descriptor
        self.ownsFile = ownsFile
    }

    deinit {
        // The lock is still held, so that the name is certainly this file's.
        if ownsFile { _ = unsafe unlink(descriptor.path) }
    }

    /// Acquires a lock without waiting, on a file that is created for it and removed with it.
    ///
    /// - Parameter path: The lock file, which must have no other content.
    /// - Returns: The lock; `nil` if another process holds it.
    /// - Throws: ``FileError`` if the file cannot be created or locked.
    public static func acquire(_ path: String) throws(FileError) -> FileLock? {
        try acquire(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, ownsFile: true)
    }

    /// Acquires a lock without waiting, on an existing file, which is not modified.
    ///
    /// If the file is replaced while the lock is held, the lock applies to the old file.
    ///
    /// - Parameter path: The file.
    /// - Returns: The lock; `nil` if another process holds it.
    /// - Throws: ``FileError`` if the file does not exist or cannot be locked.
    public static func acquire(onExisting path: String) throws(FileError) -> FileLock? {
        try acquire(path, O_RDONLY | O_NONBLOCK, ownsFile: false)
    }

    private static func acquire(
        _ path: String, _ flags: Int32, ownsFile: Bool
    ) throws(FileError) -> FileLock? {
        while true {
            let descriptor = try FileDescriptor(path, flags, permissions: 0o600, for: .lock)
            let number = descriptor.number
            do throws(FileError) {
                try system(.lock, path) { flock(number, LOCK_EX | LOCK_NB) }
            } catch {
                guard error.cause == .system(EWOULDBLOCK) else { throw error }
                return nil
            }
            // The previous holder may have removed or replaced the file between opening and
            // locking. This lock is then on a file without a name, and other processes lock another
            // one.
            let named = try FileStatus.of(path, followsLinks: !ownsFile)
            if try named?.identity == descriptor.status().identity {
                return FileLock(descriptor, ownsFile: ownsFile)
            }
        }
    }

    /// Releases the lock; a call at the end of a scope also documents how long it is needed.
    public consuming func release() {}
}

extension FileLock {
    /// Returns the process that holds a lock on a file.
    ///
    /// The result may be out of date. It is `nil` if the kernel's table cannot be read, or if the
    /// process is not visible: in another container, or on another machine.
    ///
    /// Source: proc_locks(5).
    ///
    /// - Parameter path: The path of the lock file.
    /// - Returns: The id of the process.
    public static func holder(of path: String) -> Int32? {
        guard let identity = try? FileStatus.of(path)?.identity,
            let table = try? BoundedFile.read("/proc/locks", limit: 1 << 20)
        else { return nil }
        return holder(of: identity, in: String(decoding: table, as: UTF8.self))
    }

    /// Returns the holder from a table with lines such as `1: FLOCK  ADVISORY  WRITE 712 08:01:1835
    /// 0 EOF`.
    static func holder(of identity: FileStatus.Identity, in table: String) -> Int32? {
        for line in table.split(separator: "\n") {
            let columns = line.split(separator: " ")
            guard columns.count >= 6, columns[1] == "FLOCK", let pid = Int32(columns[4]), pid > 0
            else {
                continue
            }
            let file = columns[5].split(separator: ":")
            guard file.count == 3, UInt(file[2]) == identity.inode,
                let major = UInt(file[0], radix: 16), let minor = UInt(file[1], radix: 16),
                major == identity.major, minor == identity.minor
            else { continue }
            return pid
        }
        return nil
    }
}

extension FileStatus.Identity {
    /// Returns the device numbers, as glibc packs them.
    ///
    /// Source: makedev(3).
    fileprivate var major: UInt { (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000 }
    fileprivate var minor: UInt { device & 0xFF | (device >> 12) & 0xFFFF_FF00 }
}

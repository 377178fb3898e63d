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

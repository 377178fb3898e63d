// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An advisory lock between processes, held as long as the value lives.
///
/// The kernel drops it with the process, so a crash leaves no stale lock.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    private let ownsFile: Bool

    private init(_ descriptor: consuming FileDescriptor, ownsFile: Bool) {
        self.descriptor = descriptor
        self.ownsFile = ownsFile
    }

    deinit {
        // While the lock is held, so that the name is surely this file's.
        if ownsFile { _ = unsafe unlink(descriptor.path) }
    }

    /// Takes a lock without waiting, on a file that is made for it and removed with it.
    ///
    /// - Parameter path: the file that stands for the lock; nothing else may be kept in it.
    /// - Returns: the lock; nil where somebody else holds it.
    /// - Throws: ``FileError`` where the file cannot be made or locked.
    public static func acquire(_ path: String) throws(FileError) -> FileLock? {
        try acquire(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, ownsFile: true)
    }

    /// Takes a lock without waiting, on a file that is there for something else and is not touched.
    ///
    /// A file that is replaced meanwhile leaves the lock with the old one.
    ///
    /// - Parameter path: the file.
    /// - Returns: the lock; nil where somebody else holds it.
    /// - Throws: ``FileError`` where the file is not there or cannot be locked.
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
            // The former holder may have removed or replaced the file between our opening and
            // locking it; then this lock is on a file without a name, and others lock another one.
            let named = try FileStatus.of(path, followsLinks: !ownsFile)
            if try named?.identity == descriptor.status().identity {
                return FileLock(descriptor, ownsFile: ownsFile)
            }
        }
    }

    /// Gives the lock back; calling this last also shows where the lock is needed no longer.
    public consuming func release() {}
}

// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Repeats a system call while signals interrupt it, and converts `errno` to an error.
///
/// - Returns: The result of the call, which is not negative.
@discardableResult
func system<Result: SignedInteger>(
    _ operation: FileError.Operation, _ path: String, _ call: () -> Result
) throws(FileError) -> Result {
    guard !path.utf8.contains(0) else { throw FileError(operation, path, cause: .invalidName) }
    while true {
        let result = call()
        guard result < 0 else { return result }
        guard errno == EINTR else { throw FileError(operation, path, cause: .system(errno)) }
    }
}

/// An open file or directory, which is closed with its last reference.
struct FileDescriptor: ~Copyable, Sendable {
    let number: Int32
    let path: String

    /// Opens a path; child processes do not inherit the descriptor.
    init(
        _ path: String, _ flags: Int32, permissions: mode_t = 0,
        for operation: FileError.Operation = .open
    ) throws(FileError) {
        self.path = path
        self.number = try system(operation, path) {
            unsafe open(path, flags | O_CLOEXEC, permissions)
        }
    }

    deinit {
        // All writes were synced before; the result of closing is irrelevant.
        close(number)
    }

    func status() throws(FileError) -> FileStatus {
        var raw = stat()
        try system(.inspect, path) { unsafe fstat(number, &raw) }
        return FileStatus(raw)
    }

    /// Reads up to `count` bytes at an offset; fewer at the end of the file, none after it.
    func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var problem: FileError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(FileError) {
                while filled < count {
                    let got = try system(.read, path) {
                        unsafe pread(
                            number, buffer.baseAddress.map { unsafe $0 + filled },
                            count - filled, off_t(offset + filled))
                    }
                    guard got > 0 else { return }
                    filled += got
                }
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
        return bytes
    }

    func write(_ bytes: [UInt8]) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = try system(.write, path) {
                unsafe bytes.withUnsafeBytes { buffer in
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
                    return unsafe Glibc.write(number, rest.baseAddress, rest.count)
                }
            }
            // A file system that writes nothing and reports no error would cause an endless loop.
            guard count > 0 else { throw FileError(.write, path, cause: .system(EIO)) }
            written += count
        }
    }

    func sync() throws(FileError) {
        try system(.write, path) { fsync(number) }
    }
}

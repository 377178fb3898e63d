// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A named pipe that is full and is not read.
public final class FullPipe: Sendable {
    /// The path of the pipe.
    public let path: String
    private let descriptor: Int32

    /// Creates a full pipe at a path that does not exist yet.
    public init(at path: String) {
        self.path = path
        _ = unsafe mkfifo(path, 0o600)
        descriptor = unsafe open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        let page = [UInt8](repeating: 0x20, count: 4096)
        while unsafe write(descriptor, page, page.count) > 0 {}
    }

    deinit { close(descriptor) }
}

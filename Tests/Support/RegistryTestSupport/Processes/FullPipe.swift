// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A pipe with a name that is full to the brim, and that nobody reads.
public final class FullPipe: Sendable {
    /// The name under which it can be written to.
    public let path: String
    private let descriptor: Int32

    /// Makes a pipe where nothing is yet.
    public init(at path: String) {
        self.path = path
        _ = unsafe mkfifo(path, 0o600)
        descriptor = unsafe open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        let page = [UInt8](repeating: 0x20, count: 4096)
        while unsafe write(descriptor, page, page.count) > 0 {}
    }

    deinit { close(descriptor) }
}

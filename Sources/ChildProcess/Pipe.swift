// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// One end of a pipe, which is closed with its last reference at the latest.
struct PipeEnd: ~Copyable, Sendable {
    /// The descriptor; -1, which `poll` ignores, once it is closed.
    private(set) var descriptor: Int32

    /// Takes ownership of a descriptor.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// An end of no pipe, which behaves like a closed one.
    static var none: PipeEnd { PipeEnd(-1) }

    /// Duplicates a descriptor with the number of a standard file, which is available if the caller
    /// closed it.
    ///
    /// - Returns: The descriptor, or another one for the same file; the old one is then closed.
    /// - Throws: ``ChildProcessError`` if no descriptor is available; the old one is closed.
    static func awayFromStandardFiles(_ descriptor: Int32, for executable: String)
        throws(ChildProcessError) -> Int32
    {
        guard descriptor <= STDERR_FILENO else { return descriptor }
        let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
        let code = errno
        _ = Glibc.close(descriptor)
        guard moved >= 0 else { throw ChildProcessError(executable, .system(code)) }
        return moved
    }

    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    mutating func close() {
        guard descriptor >= 0 else { return }
        _ = Glibc.close(descriptor)
        descriptor = -1
    }

    /// Sets this end to non-blocking.
    ///
    /// - Throws: ``ChildProcessError`` if that fails: a read could then exceed every
    ///   time limit.
    func setNonBlocking(for executable: String) throws(ChildProcessError) {
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw ChildProcessError(executable, .system(errno))
        }
    }

    /// Returns the available bytes; `nil` at the end, empty if none are available yet.
    func read(upTo count: Int) -> [UInt8]? {
        var readCount = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            repeat {
                readCount = unsafe Glibc.read(descriptor, buffer.baseAddress, count)
            } while readCount < 0 && errno == EINTR
            filled = max(readCount, 0)
        }
        return readCount == 0 || (readCount < 0 && errno != EAGAIN) ? nil : bytes
    }

    /// Writes as many bytes as the pipe accepts, and returns their number; `nil` if the reader has
    /// closed it.
    func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        var written = 0
        repeat {
            written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
        } while written < 0 && errno == EINTR
        return written < 0 && errno != EAGAIN ? nil : max(written, 0)
    }
}

/// A pipe, or a pair of connected sockets, that no concurrently started program inherits.
struct Pipe: ~Copyable, Sendable {
    /// The kind of a pair.
    enum Kind {
        case pipe
        /// Both ends read and write whole messages.
        case messages
    }

    let reading: PipeEnd
    let writing: PipeEnd

    init(_ kind: Kind = .pipe, for executable: String) throws(ChildProcessError) {
        var descriptors: [Int32] = [-1, -1]
        let result =
            switch kind {
            case .pipe: unsafe pipe2(&descriptors, O_CLOEXEC)
            case .messages:
                unsafe socketpair(AF_UNIX, cposix_message_socket, 0, &descriptors)
            }
        guard result == 0 else { throw ChildProcessError(executable, .system(errno)) }
        let second = descriptors[1]
        let first: Int32
        do throws(ChildProcessError) {
            first = try PipeEnd.awayFromStandardFiles(descriptors[0], for: executable)
        } catch {
            _ = Glibc.close(second)
            throw error
        }
        do throws(ChildProcessError) {
            descriptors = [first, try PipeEnd.awayFromStandardFiles(second, for: executable)]
        } catch {
            _ = Glibc.close(first)
            throw error
        }
        reading = PipeEnd(descriptors[0])
        writing = PipeEnd(descriptors[1])
    }

    /// Requests a capacity of `count` bytes; a smaller pipe only reduces the speed.
    func widen(to count: Int32) {
        _ = fcntl(writing.descriptor, cposix_set_pipe_size, count)
    }

    /// Closes the other end.
    consuming func keepingReading() -> PipeEnd { reading }

    /// Closes the other end.
    consuming func keepingWriting() -> PipeEnd { writing }
}

/// Wakes a thread that waits in `poll`.
final class WakeupPipe: Sendable {
    enum Event: UInt8 {
        case exited
        case canceled
        case inputAvailable
    }

    private let pipe: Pipe

    init(for executable: String) throws(ChildProcessError) {
        pipe = try Pipe(for: executable)
        try pipe.reading.setNonBlocking(for: executable)
    }

    /// The entry for `poll`.
    var descriptor: Int32 { pipe.reading.descriptor }

    func send(_ event: Event) {
        // The first two events occur once each, the third only after the last one was read: the
        // pipe has space.
        _ = pipe.writing.write([event.rawValue])
    }

    /// Returns the events since the last call.
    func events() -> [Event] {
        (pipe.reading.read(upTo: 8) ?? []).compactMap(Event.init(rawValue:))
    }
}

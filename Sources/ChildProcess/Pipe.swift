// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// One end of a pipe, closed with its last use at the latest.
struct PipeEnd: ~Copyable, Sendable {
    /// The descriptor; -1, which `poll` passes over, once it is closed.
    private(set) var number: Int32

    /// Takes ownership of a descriptor.
    fileprivate init(_ number: Int32) {
        self.number = number
    }

    /// Moves a descriptor out of the way of the three standard ones, which are free where our own caller
    /// has closed them.
    ///
    /// - Returns: the descriptor, or another one for the same file; the old one is then closed.
    /// - Throws: ``ChildProcessError`` where the system has no further descriptor; the old one is closed.
    static func aside(_ number: Int32, for executable: String) throws(ChildProcessError) -> Int32 {
        guard number <= STDERR_FILENO else { return number }
        let moved = fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
        let code = errno
        _ = Glibc.close(number)
        guard moved >= 0 else { throw ChildProcessError(executable, .system(code)) }
        return moved
    }

    deinit {
        if number >= 0 { _ = Glibc.close(number) }
    }

    mutating func close() {
        guard number >= 0 else { return }
        _ = Glibc.close(number)
        number = -1
    }

    /// Makes reads and writes return at once, for this end alone.
    ///
    /// - Throws: ``ChildProcessError`` where the system refuses: a read could then wait beyond every
    ///   time limit.
    func setNonBlocking(for executable: String) throws(ChildProcessError) {
        let flags = fcntl(number, F_GETFL)
        guard flags >= 0, fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw ChildProcessError(executable, .system(errno))
        }
    }

    /// What can be read now: nil at the end, empty where nothing is there yet.
    func read(upTo count: Int) -> [UInt8]? {
        var got = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            repeat {
                got = unsafe Glibc.read(number, buffer.baseAddress, count)
            } while got < 0 && errno == EINTR
            filled = max(got, 0)
        }
        return got == 0 || (got < 0 && errno != EAGAIN) ? nil : bytes
    }

    /// Writes what the pipe takes now, and returns how much that was; nil where nobody reads.
    func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        var put = 0
        repeat {
            put = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(number, buffer.baseAddress, buffer.count)
            }
        } while put < 0 && errno == EINTR
        return put < 0 && errno != EAGAIN ? nil : max(put, 0)
    }
}

/// A pipe; no program that is started meanwhile inherits it.
struct Pipe: ~Copyable, Sendable {
    let reading: PipeEnd
    let writing: PipeEnd

    init(for executable: String) throws(ChildProcessError) {
        var numbers: [Int32] = [-1, -1]
        guard unsafe pipe2(&numbers, O_CLOEXEC) == 0 else {
            throw ChildProcessError(executable, .system(errno))
        }
        let second = numbers[1]
        let first: Int32
        do throws(ChildProcessError) {
            first = try PipeEnd.aside(numbers[0], for: executable)
        } catch {
            _ = Glibc.close(second)
            throw error
        }
        do throws(ChildProcessError) {
            numbers = [first, try PipeEnd.aside(second, for: executable)]
        } catch {
            _ = Glibc.close(first)
            throw error
        }
        reading = PipeEnd(numbers[0])
        writing = PipeEnd(numbers[1])
    }

    /// Asks for room for `count` bytes; a pipe that stays small is slower and no less right.
    func widen(to count: Int32) {
        _ = fcntl(writing.number, cposix_set_pipe_size, count)
    }

    /// Closes the other end.
    consuming func keepingReading() -> PipeEnd { reading }

    /// Closes the other end.
    consuming func keepingWriting() -> PipeEnd { writing }
}

/// The end of a pipe through which a child is fed.
struct StdinPump: ~Copyable {
    private var end: PipeEnd
    private let input: ChildInput
    private var pending: ArraySlice<UInt8> = []

    /// Takes an end that does not block.
    init(_ end: consuming PipeEnd, _ input: ChildInput) {
        self.end = end
        self.input = input
    }

    /// What to poll for writing; none while there is nothing to write.
    var number: Int32 { pending.isEmpty ? -1 : end.number }

    /// Whether the child may be waiting for more, so that it cannot be expected to get on.
    var isDry: Bool { pending.isEmpty && end.number >= 0 }

    /// Looks for more to write, and closes the pipe after the last of it.
    mutating func refill() {
        guard isDry else { return }
        switch input.next() {
        case .bytes(let bytes): pending = bytes[...]
        case .nothingYet: break
        case .end: end.close()
        }
    }

    mutating func advance() {
        guard let count = end.write(pending) else {
            // The child reads no more; what it has to say is still heard.
            pending = []
            end.close()
            input.close()
            return
        }
        pending.removeFirst(count)
        refill()
    }
}

/// Bytes that come out of a child.
struct OutputCollector: ~Copyable {
    private static let pieceByteCount = 64 << 10

    private var end: PipeEnd
    private let limit: Int
    private(set) var bytes: [UInt8] = []

    /// Takes an end that does not block.
    init(_ end: consuming PipeEnd, limit: Int) {
        self.end = end
        self.limit = limit
    }

    /// What to poll for reading; none once the child writes no more.
    var number: Int32 { end.number }

    /// Reads a piece, and returns whether there may be more at once.
    @discardableResult
    mutating func advance(_ executable: String) throws(ChildProcessError) -> Bool {
        guard let piece = end.read(upTo: Self.pieceByteCount) else {
            end.close()
            return false
        }
        bytes += piece
        guard bytes.count <= limit else {
            throw ChildProcessError(executable, .outputLimit(limit))
        }
        return !piece.isEmpty
    }

    /// Reads all that has been written.
    mutating func drain(_ executable: String) throws(ChildProcessError) {
        while try advance(executable) {}
    }
}

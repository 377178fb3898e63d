// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import ChildProcess
internal import Glibc
internal import Hashing
internal import OCI

/// Hashes the uncompressed bytes of a layer, if requested on a thread of its own while the caller
/// decompresses the next ones.
@safe
final class TarHasher {
    private var hasher: DigestHasher?
    private let thread: HashThread?

    /// Creates a hasher; if no thread can be started, it hashes on the caller's.
    init(onThread: Bool) {
        thread = onThread ? HashThread.start() : nil
        if thread == nil { hasher = DigestHasher() }
    }

    /// Adds bytes, which may change after this method has returned.
    func update(_ bytes: UnsafeRawBufferPointer) {
        if let thread {
            unsafe thread.update(bytes)
        } else {
            unsafe hasher?.update(bytes.bytes)
        }
    }

    /// Returns the digest of the bytes added so far and ends the hash; `nil` if it has ended before.
    func finish() -> Digest? {
        thread.map { $0.finish() } ?? hasher.take()?.finish()
    }
}

/// A thread that hashes bytes from a ring of buffers.
///
/// The semaphores pass each buffer between the two threads, so that only one accesses it and its
/// count at a time, and the digest after the thread has written it; therefore `@unchecked Sendable`.
@safe
private final class HashThread: @unchecked Sendable {
    private static let bufferByteCount = 256 << 10
    private static let bufferCount = 4

    private let buffers: UnsafeMutableRawBufferPointer
    /// The number of bytes in each buffer; 0 ends the hash.
    private let counts: UnsafeMutablePointer<Int>
    /// The number of empty buffers, the number of full ones, and whether the thread has started or
    /// finished.
    private let empty: Semaphore
    private let full: Semaphore
    private let done: Semaphore
    private var position = 0
    private var digest = Digest.of([])

    private init() {
        unsafe buffers = .allocate(
            byteCount: Self.bufferByteCount * Self.bufferCount, alignment: 64)
        unsafe counts = .allocate(capacity: Self.bufferCount)
        unsafe counts.initialize(repeating: 0, count: Self.bufferCount)
        empty = Semaphore(Self.bufferCount)
        full = Semaphore(0)
        done = Semaphore(0)
    }

    deinit {
        unsafe buffers.deallocate()
        unsafe counts.deallocate()
    }

    /// Starts a thread, and waits until it runs; `nil` if that fails.
    static func start() -> HashThread? {
        let thread = HashThread()
        guard DetachedThread.start({ thread.run() }) == 0 else { return nil }
        thread.done.wait()
        return thread
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = unsafe bytes
        while unsafe !rest.isEmpty {
            let count = min(rest.count, Self.bufferByteCount)
            unsafe fill(with: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    func finish() -> Digest {
        unsafe fill(with: UnsafeRawBufferPointer(start: nil, count: 0))
        done.wait()
        return digest
    }

    private func fill(with bytes: UnsafeRawBufferPointer) {
        empty.wait()
        unsafe buffer(position).copyMemory(from: bytes)
        unsafe counts[position] = bytes.count
        position = (position + 1) % Self.bufferCount
        full.signal()
    }

    private func run() {
        var hasher = DigestHasher()
        var position = 0
        done.signal()
        while true {
            full.wait()
            let count = unsafe counts[position]
            guard count > 0 else { break }
            unsafe hasher.update(UnsafeRawBufferPointer(rebasing: buffer(position)[..<count]).bytes)
            position = (position + 1) % Self.bufferCount
            empty.signal()
        }
        digest = hasher.finish()
        done.signal()
    }

    private func buffer(_ position: Int) -> UnsafeMutableRawBufferPointer {
        let start = position * Self.bufferByteCount
        return unsafe UnsafeMutableRawBufferPointer(
            rebasing: buffers[start..<start + Self.bufferByteCount])
    }
}

/// A counting semaphore for threads.
///
/// Source: sem_overview(7).
@safe
private final class Semaphore {
    private let pointer: UnsafeMutablePointer<sem_t>

    init(_ count: Int) {
        unsafe pointer = .allocate(capacity: 1)
        unsafe sem_init(pointer, 0, UInt32(count))
    }

    deinit {
        unsafe sem_destroy(pointer)
        unsafe pointer.deallocate()
    }

    func wait() {
        while unsafe sem_wait(pointer) != 0 {}
    }

    func signal() {
        unsafe sem_post(pointer)
    }
}

// SPDX-License-Identifier: Apache-2.0

@testable import Files
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct FileLockTests {
    @Test func `a lock has one holder, and releasing it removes its file`() throws {
        let scratch = try Scratch()
        let path = scratch.file("lock")
        let first = try #require(try held(path))
        #expect(try held(path) == nil)
        first.release()
        #expect(try Directory.list(scratch.path) == [])
        #expect(try held(path) != nil)
    }

    @Test func `a file left by a crash is not a lock`() throws {
        let scratch = try Scratch()
        #expect(try held(scratch.write("", to: "lock")) != nil)
    }

    @Test func `a lock file that cannot be created is an error`() throws {
        let scratch = try Scratch()
        let path = scratch.file("missing/lock")
        #expect(throws: FileError(.lock, path, cause: .system(ENOENT))) { try held(path) }
    }

    @Test func `a contended lock has at most one holder`() async throws {
        let scratch = try Scratch()
        let path = scratch.file("lock")
        let counter = scratch.file("counter")
        try AtomicFile.replace(counter, with: Array("0".utf8))
        let acquired = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var acquired = 0
                    for _ in 0..<200 {
                        guard let lock = try FileLock.acquire(path) else { continue }
                        let count = try #require(Int(try text(counter)))
                        try AtomicFile.replace(counter, with: Array("\(count + 1)".utf8))
                        lock.release()
                        acquired += 1
                    }
                    return acquired
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(acquired > 0)
        #expect(try text(counter) == "\(acquired)")
    }

    /// A lock in a box, because a macro can neither copy nor consume one.
    private func held(_ path: String) throws(FileError) -> HeldLock? {
        guard let lock = try FileLock.acquire(path) else { return nil }
        return HeldLock(lock)
    }
}

final class HeldLock {
    private var lock: FileLock?

    init(_ lock: consuming FileLock) {
        self.lock = consume lock
    }

    func release() {
        lock = nil
    }
}

@Suite struct `the holder of a lock` {
    @Test func `is found in the kernel's table by device and inode`() {
        let table = """
            1: POSIX  ADVISORY  WRITE 11 08:01:77 0 EOF
            2: FLOCK  ADVISORY  WRITE 22 08:02:77 0 EOF
            3: FLOCK  ADVISORY  WRITE 33 08:01:78 0 EOF
            4: FLOCK  ADVISORY  WRITE 44 08:01:77 0 EOF
            5: nonsense
            """
        let place = FileStatus.Identity(device: 0x801, inode: 77)
        #expect(FileLock.holder(of: place, in: table) == 44)
        #expect(
            FileLock.holder(of: FileStatus.Identity(device: 0x801, inode: 79), in: table) == nil)
        #expect(FileLock.holder(of: place, in: "") == nil)
    }

    @Test func `is nil if the process is not visible, and for other files`() {
        let table =
            "1: FLOCK  ADVISORY  WRITE 0 08:01:77 0 EOF\n1: -> FLOCK ADVISORY WRITE 5 08:01:77 0 EOF"
        #expect(
            FileLock.holder(of: FileStatus.Identity(device: 0x801, inode: 77), in: table) == nil)
    }

    @Test func `is this process if it holds the lock`() throws {
        let scratch = try Scratch()
        let path = scratch.file("lock")
        #expect(FileLock.holder(of: path) == nil)
        let lock = try #require(try held(path))
        let table = try? BoundedFile.read("/proc/locks", limit: 1 << 20)
        if table?.isEmpty == false { #expect(FileLock.holder(of: path) == getpid()) }
        lock.release()
        #expect(FileLock.holder(of: path) == nil)
    }

    private func held(_ path: String) throws(FileError) -> HeldLock? {
        guard let lock = try FileLock.acquire(path) else { return nil }
        return HeldLock(lock)
    }
}

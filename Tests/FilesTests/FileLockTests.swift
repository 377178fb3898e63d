// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import Testing

struct FileLockTests {
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
        #expect(throws: FileError(.lock, path, .system(ENOENT))) { try held(path) }
    }

    @Test func `a contended lock has at most one holder`() async throws {
        let scratch = try Scratch()
        let path = scratch.file("lock")
        let counter = scratch.file("counter")
        try AtomicFile.replace(counter, with: Array("0".utf8))
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    var left = 25
                    while left > 0 {
                        guard let lock = try FileLock.acquire(path) else {
                            await Task.yield()
                            continue
                        }
                        let count = try #require(Int(try text(counter)))
                        try AtomicFile.replace(counter, with: Array("\(count + 1)".utf8))
                        lock.release()
                        left -= 1
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try text(counter) == "200")
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

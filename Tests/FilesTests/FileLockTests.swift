// SPDX-License-Identifier: Apache-2.0

import Files
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

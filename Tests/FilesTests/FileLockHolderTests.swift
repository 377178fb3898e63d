// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Files

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

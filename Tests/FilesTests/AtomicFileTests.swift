// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import Testing

struct AtomicFileTests {
    @Test func `a file is replaced, and no temporary file remains`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("old", to: "lock.yaml")
        #expect(try AtomicFile.replace(path, with: Array("new".utf8)))
        #expect(try text(path) == "new")
        #expect(try Directory.list(scratch.path) == ["lock.yaml"])
    }

    @Test func `equal content leaves the file unchanged`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("same", to: "lock.yaml")
        let inode = try inode(of: path)
        #expect(try !AtomicFile.replace(path, with: Array("same".utf8), ifChanged: true))
        #expect(try self.inode(of: path) == inode)
        #expect(try AtomicFile.replace(path, with: Array("Same".utf8), ifChanged: true))
        #expect(try AtomicFile.replace(path, with: Array("longer".utf8), ifChanged: true))
        #expect(try text(path) == "longer")
    }

    @Test func `a replaced file keeps its permissions`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("x", to: "file")
        #expect(unsafe chmod(path, 0o664) == 0)
        try AtomicFile.replace(path, with: [1])
        #expect(try FileStatus.of(path)?.permissions == 0o664)
    }

    @Test func `an owner-only file has its permissions from the start`() throws {
        let scratch = try Scratch()
        try AtomicFile.replace(scratch.file("new"), with: [1], permissions: .ownerOnly)
        #expect(try FileStatus.of(scratch.file("new"))?.permissions == 0o600)
        let path = try scratch.write("x", to: "old")
        #expect(unsafe chmod(path, 0o666) == 0)
        try AtomicFile.replace(path, with: [1], permissions: .ownerOnly)
        #expect(try FileStatus.of(path)?.permissions == 0o600)
    }

    @Test func `a symbolic link is preserved, and its target is replaced`() throws {
        let scratch = try Scratch()
        try Directory.create(scratch.file("deep"))
        let target = try scratch.write("old", to: "deep/target")
        let link = scratch.file("link")
        #expect(unsafe symlink("deep/target", link) == 0)
        try AtomicFile.replace(link, with: Array("new".utf8))
        #expect(try text(target) == "new")
        #expect(try FileStatus.of(link, followsLinks: false)?.kind == .symbolicLink)
        #expect(try Directory.list(scratch.file("deep")) == ["target"])
    }

    @Test func `a released writer leaves the old file and no temporary file`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("old", to: "file")
        try abandon(path, in: scratch.path)
        #expect(try text(path) == "old")
        #expect(try Directory.list(scratch.path) == ["file"])
    }

    private func abandon(_ path: String, in directory: String) throws {
        var writer = try FileWriter(path)
        try writer.append([1, 2, 3])
        #expect(try Directory.list(directory).count == 2)
    }

    @Test func `a commit that cannot rename removes the temporary file`() throws {
        let scratch = try Scratch()
        let path = scratch.file("name")
        var writer = try FileWriter(path)
        try writer.append([1])
        try Directory.create(path)
        do throws(FileError) {
            try writer.commit()
            Issue.record("a directory was replaced")
        } catch {
            #expect(error == FileError(.replace, path, cause: .system(EISDIR)))
        }
        #expect(try Directory.list(scratch.path) == ["name"])
    }

    @Test func `a device is never replaced`() {
        #expect(throws: FileError(.replace, "/dev/full", cause: .notRegular)) {
            try AtomicFile.replace("/dev/full", with: [1])
        }
    }

    @Test func `the file appears with the commit`() throws {
        let scratch = try Scratch()
        let path = scratch.file("blob")
        var writer = try FileWriter(path)
        try writer.append([1, 2])
        try writer.append([3])
        #expect(writer.byteCount == 3)
        #expect(try FileStatus.of(path) == nil)
        try writer.commit()
        #expect(try BoundedFile.read(path, limit: 3) == [1, 2, 3])
    }

    @Test func `a new file is created atomically`() throws {
        let scratch = try Scratch()
        let path = scratch.file("new")
        #expect(try AtomicFile.create(path, with: Array("text".utf8)))
        #expect(try text(path) == "text")
        #expect(try Directory.list(scratch.path) == ["new"])
    }

    @Test func `a new file never replaces a file or a dangling link`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("old", to: "file")
        let link = scratch.file("link")
        #expect(unsafe symlink("nowhere", link) == 0)
        for taken in [path, link] {
            #expect(try !AtomicFile.create(taken, with: [1]))
        }
        #expect(try text(path) == "old")
        #expect(try FileStatus.of(link, followsLinks: false)?.kind == .symbolicLink)
        #expect(try Directory.list(scratch.path).sorted() == ["file", "link"])
    }

    @Test func `a file that is created concurrently is preserved`() throws {
        let scratch = try Scratch()
        let path = scratch.file("file")
        var writer = try FileWriter(path)
        try writer.append([1])
        _ = try scratch.write("theirs", to: "file")
        do throws(FileError) {
            try writer.commitWithoutReplacing()
            Issue.record("a file was replaced")
        } catch {
            #expect(error.alreadyExists)
        }
        #expect(try text(path) == "theirs")
        #expect(try Directory.list(scratch.path) == ["file"])
    }

    @Test func `removing returns whether the file existed`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("x", to: "file")
        #expect(try AtomicFile.remove(path))
        #expect(try !AtomicFile.remove(path))
    }

    private func inode(of path: String) throws -> UInt {
        var raw = stat()
        try #require(unsafe stat(path, &raw) == 0)
        return UInt(raw.st_ino)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct BoundedFileTests {
    @Test func `a file is read up to the limit`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("12345", to: "five")
        #expect(try BoundedFile.read(path, limit: 5) == Array("12345".utf8))
        #expect(throws: FileError(.read, path, cause: .tooLarge(limit: 4))) {
            try BoundedFile.read(path, limit: 4)
        }
    }

    @Test func `an empty file has no bytes`() throws {
        let scratch = try Scratch()
        #expect(try BoundedFile.read(scratch.write("", to: "empty"), limit: 0) == [])
    }

    @Test func `a file without a size is read to its end`() throws {
        let bytes = try BoundedFile.read("/proc/self/status", limit: 1 << 20)
        #expect(String(decoding: bytes, as: UTF8.self).contains("Pid:"))
        #expect(throws: FileError(.read, "/proc/self/status", cause: .tooLarge(limit: 10))) {
            try BoundedFile.read("/proc/self/status", limit: 10)
        }
    }

    @Test func `a pipe without a writer is rejected immediately`() throws {
        let scratch = try Scratch()
        let path = scratch.file("pipe")
        #expect(unsafe mkfifo(path, 0o600) == 0)
        #expect(throws: FileError(.read, path, cause: .notRegular)) {
            try BoundedFile.read(path, limit: 10)
        }
    }

    @Test(arguments: ["/dev/zero", "/"])
    func `devices and directories are rejected`(path: String) {
        #expect(throws: FileError(.read, path, cause: .notRegular)) {
            try BoundedFile.read(path, limit: 10)
        }
    }

    @Test func `a symbolic link is followed only if permitted`() throws {
        let scratch = try Scratch()
        let link = scratch.file("link")
        let target = try scratch.write("x", to: "target")
        #expect(unsafe symlink(target, link) == 0)
        #expect(try text(link) == "x")
        #expect(throws: FileError(.read, link, cause: .symbolicLink)) {
            try BoundedFile.read(link, limit: 10, followsLinks: false)
        }
    }

    @Test func `a file is read in chunks of the requested size`() async throws {
        let scratch = try Scratch()
        let reader = try FileReader(scratch.write("abcdefg", to: "letters"))
        var pieces: [String] = []
        for try await chunk in reader.chunks(of: 3) {
            pieces.append(String(decoding: chunk, as: UTF8.self))
        }
        #expect(pieces == ["abc", "def", "g"])
        #expect(try reader.read(at: 5, count: 9) == Array("fg".utf8))
        #expect(try reader.read(at: 7, count: 9) == [])
    }
}

// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import Testing

struct DirectoryTests {
    @Test func `directories are created with their parents, and existing ones are accepted`() throws
    {
        let scratch = try Scratch()
        try Directory.create(scratch.file("a/b/c/"))
        try Directory.create(scratch.file("a/b/c"))
        #expect(try FileStatus.of(scratch.file("a/b/c"))?.kind == .directory)
    }

    @Test func `a file in place of a directory is an error`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("x", to: "file")
        #expect(throws: FileError(.create, path, cause: .system(EEXIST))) {
            try Directory.create(path)
        }
        #expect(throws: FileError.self) { try Directory.create(path + "/under") }
    }

    @Test func `a list is sorted`() throws {
        let scratch = try Scratch()
        for name in ["b", "C", "a"] { _ = try scratch.write("", to: name) }
        #expect(try Directory.list(scratch.path) == ["C", "a", "b"])
    }
}

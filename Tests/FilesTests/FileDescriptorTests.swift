// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Files

struct DescriptorTests {
    @Test func `a full disk is an error of the write`() throws {
        let full = try FileDescriptor("/dev/full", O_WRONLY)
        do throws(FileError) {
            try full.write([1])
            Issue.record("a full device took a byte")
        } catch {
            #expect(error.description == "cannot write '/dev/full': no space left on the disk")
        }
    }

    @Test(arguments: [
        ("a", ".", "a"), ("/a", "/", "a"), ("a/b", "a", "b"), ("/a/b", "/a", "b"), ("a/", "a", ""),
        ("../a", "..", "a"),
    ])
    func `a path has a directory and a name`(path: String, directory: String, name: Substring) {
        #expect(Path.directory(of: path) == directory)
        #expect(Path.name(of: path) == name)
    }
}

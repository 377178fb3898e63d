// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import Testing

struct FileErrorTests {
    @Test func `an error contains the operation, the path and the reason`() throws {
        let scratch = try Scratch()
        let missing = scratch.file("missing")
        let error = #expect(throws: FileError.self) { try BoundedFile.read(missing, limit: 1) }
        #expect(error?.description == "cannot read '\(missing)': no such file or directory")
        #expect(error?.isMissing == true)
    }

    @Test func `a path below a file is an error`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("x", to: "file") + "/under"
        let error = #expect(throws: FileError.self) { try AtomicFile.replace(path, with: []) }
        #expect(
            error?.description
                == "cannot inspect '\(path)': not a directory")
    }

    @Test func `control characters in a path are escaped`() {
        let error = FileError(.open, "a\u{1B}[31m\n\u{202E}b", cause: .system(EACCES))
        #expect(error.description == "cannot open 'a\\u{1b}[31m \\u{202e}b': permission denied")
    }

    @Test func `a path with a NUL never reaches the system`() throws {
        let scratch = try Scratch()
        let path = try scratch.write("x", to: "file") + "\0.yaml"
        #expect(throws: FileError(.read, path, cause: .invalidName)) {
            try BoundedFile.read(path, limit: 1)
        }
        #expect(throws: FileError(.inspect, path, cause: .invalidName)) { try FileStatus.of(path) }
        #expect(throws: FileError(.list, path, cause: .invalidName)) { try Directory.list(path) }
        #expect(throws: FileError(.remove, path, cause: .invalidName)) {
            try AtomicFile.remove(path)
        }
        #expect(throws: FileError.self) { try AtomicFile.replace(path, with: [1]) }
        #expect(try text(scratch.file("file")) == "x")
    }
}

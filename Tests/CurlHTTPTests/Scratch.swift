// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A temporary directory, which is removed with its files when it is released.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var bytes = Array("/tmp/curl-http-XXXXXX".utf8CString)
        let isMade = unsafe mkdtemp(&bytes) != nil
        try #require(isMade)
        path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        let path = path
        _ = try? Program.run(["rm", "-r", path])
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws {
        let descriptor = unsafe open(file(name), O_WRONLY | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
        try #require(count == bytes.count)
    }
}

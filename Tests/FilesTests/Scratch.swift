// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc

/// A temporary directory, which is removed with its content when the test ends.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        let root = getenvString("TMPDIR") ?? "/tmp"
        path = "\(root)/files-test-\(UInt64.random(in: 0 ... .max))"
        try Directory.create(path, permissions: .ownerOnly)
    }

    deinit {
        Self.remove(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws -> String {
        try AtomicFile.replace(file(name), with: Array(text.utf8))
        return file(name)
    }

    private static func remove(_ path: String) {
        guard let status = try? FileStatus.of(path, followsLinks: false) else { return }
        guard status.kind == .directory else {
            _ = unsafe unlink(path)
            return
        }
        for name in (try? Directory.list(path)) ?? [] { remove("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }
}

private func getenvString(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
}

func text(_ path: String) throws(FileError) -> String {
    String(decoding: try BoundedFile.read(path, limit: 1 << 20), as: UTF8.self)
}

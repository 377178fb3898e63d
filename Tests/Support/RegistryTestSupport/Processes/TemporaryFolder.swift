// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A temporary directory for one test, removed with its content when the last reference is
/// released.
public final class TemporaryFolder: Sendable {
    /// The absolute path of the directory.
    public let path: String

    /// Creates an empty directory that only this user can enter.
    public init() throws {
        let parent = environmentVariable("TMPDIR") ?? "/tmp"
        var template = Array("\(parent)/ocimirror-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw FixtureError("temporary folder: \(parent): could not be made, error \(errno)")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // Files that cannot be removed stay in the directory for temporary files.
        _ = try? SpawnedProcess("rm", ["-rf", "--", path]).wait()
    }

    /// Returns the path of a name in the directory.
    public func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a text file and returns its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    /// Writes a file and returns its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = unsafe fopen(self(name), "w")
        guard let file = unsafe file else {
            throw FixtureError("\(self(name)): could not be written, error \(errno)")
        }
        defer { unsafe fclose(file) }
        guard unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count else {
            throw FixtureError("\(self(name)): could not be written, error \(errno)")
        }
        return self(name)
    }

    /// Reads a file; returns no bytes if it is missing.
    public func read(_ name: String) -> [UInt8] {
        let file = unsafe fopen(self(name), "r")
        guard let file = unsafe file else { return [] }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
    }

    /// Reads a file as text; returns an empty text if it is missing.
    public func text(_ name: String) -> String { String(decoding: read(name), as: UTF8.self) }
}

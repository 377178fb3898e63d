// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Testing

/// Layers whose child process crashes, is another program, or was taken over.
@Suite struct LostChildTests {
    private static let archive = TarArchive.bytes([.file("bin/app", "app")])

    private func fault(of program: String) async throws -> LayerScanError? {
        let scan = LayerScanner(program: program, concurrency: 1).scan(.none)
        for _ in 0..<64 { try await scan.write(Self.archive) }
        guard case .failure(let fault) = await scan.finish() else { return nil }
        return fault
    }

    /// Creates a program that reads everything and writes these bytes.
    private func fault(answering bytes: [UInt8], in folder: TemporaryFolder) async throws
        -> LayerScanError?
    {
        let octal = bytes.map { "\\" + String(Int($0) + 512, radix: 8).dropFirst() }.joined()
        try folder.write("#!/bin/sh\n/bin/cat >/dev/null\nprintf '\(octal)'\n", to: "child")
        let path = "\(folder.path)/child"
        try #require(unsafe chmod(path, 0o700) == 0)
        return try await fault(of: path)
    }

    @Test(arguments: ["/nonexistent/ocimirror", "/bin/false", "/bin/true", "/bin/echo", "/bin/cat"])
    func `a program that is not a scan worker is a failed scan`(_ program: String) async throws {
        guard case .scan(let reason) = try await fault(of: program) else {
            Issue.record("the layer was read")
            return
        }
        #expect(reason.hasPrefix("scan process "))
    }

    @Test func `a child that crashes is a failed scan of its layer`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("#!/bin/sh\nread -r _\nkill -SEGV $$\n", to: "child")
        try #require(unsafe chmod("\(folder.path)/child", 0o700) == 0)
        let fault = try await fault(of: "\(folder.path)/child")
        #expect(fault == .scan("scan process terminated by signal 11"))
    }

    private static let digest = Array("sha256:\(String(repeating: "a", count: 64))".utf8)

    @Test func `a report with any invalid line is rejected`() async throws {
        let folder = try TemporaryFolder()
        #expect(try await fault(answering: [0x45, 5] + Self.digest, in: folder) == nil)
        let nonsense: [[UInt8]] = [
            [], [0x45], [0x45, 5], [0x45, 5] + Self.digest.dropLast(),
            [0x45, 5] + Self.digest + [0], [0x46], [0x46, 0], [0x46, 250], [0x46, 1, 1], [0x2A],
            // A path that shares more than exists, is longer than stated, or is not clean.
            [0x64, 1, 1, 0x61, 0x45, 5] + Self.digest, [0x64, 0, 99, 0x61],
            [0x64, 0, 2, 0x2E, 0x2E, 0x45, 5] + Self.digest,
            [0x64, 0, 2, 0x2F, 0x61, 0x45, 5] + Self.digest,
            // Numbers that are endless or exceed all limits.
            [0x64] + [UInt8](repeating: 0xFF, count: 12),
            [0x64, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            // A file with an invalid flag, an unknown type, or an invalid loader.
            [0x78, 0, 1, 0x61, 2, 0], [0x78, 0, 1, 0x61, 1, 9],
            [0x78, 0, 1, 0x61, 1, 2, 9, 1, 1, 62, 0, 0],
            [0x78, 0, 1, 0x61, 1, 2, 2, 1, 1, 62, 0, 0x80, 2],
        ]
        for bytes in nonsense {
            #expect(
                try await fault(answering: bytes, in: folder)
                    == .scan("scan process wrote no valid report"))
        }
        #expect(
            try await fault(answering: [0x46, 2], in: folder) == .malformed(.corrupt))
    }

    @Test func `concurrent scans wait for each other`() async throws {
        let scanner = LayerScanner(program: LayerSample.program, concurrency: 2)
        let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    let scan = scanner.scan(.none)
                    try await scan.write(Self.archive)
                    return try await scan.finish().get().diffID
                }
            }
            return try await group.reduce(into: Set<Digest>()) { $0.insert($1) }
        }
        #expect(digests == [.of(Self.archive)])
    }

    @Test func `a canceled scan lets others start`() async throws {
        let scanner = LayerScanner(program: LayerSample.program, concurrency: 1)
        for _ in 0..<3 {
            let given = scanner.scan(.none)
            try await given.write(Array(Self.archive.prefix(512)))
        }
        let scan = scanner.scan(.none)
        try await scan.write(Self.archive)
        #expect(try await scan.finish().get().diffID == .of(Self.archive))
    }
}

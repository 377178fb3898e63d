// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Synchronization
import Testing
import AsyncPrimitives

@testable import Mirroring

@Suite struct `Cache of layer scans` {
    private static let archive = TarArchive.bytes([.file("bin/app", "app")])
    private static let bytes = StoredGzip.bytes(archive)

    private static func layer(_ suffix: String) throws -> Descriptor {
        Descriptor(
            mediaType: try MediaType(
                parsing: "application/vnd.oci.image.layer.v1.tar\(suffix)"),
            digest: .of(bytes), size: bytes.count)
    }

    private static func shell(_ command: String) async throws {
        let output = try await Subprocess.run(
            executable: "/bin/sh", arguments: ["-c", command], environment: [:],
            limits: ChildLimits(time: .seconds(60), outputByteCount: 1000))
        #expect(output.termination == .exited(0))
    }

    /// Returns a scanner that runs shell commands before the real one.
    private static func scanner(
        after lines: String, in folder: TemporaryFolder
    ) async throws -> LayerScanner {
        let path = "\(folder.path)/scanner"
        try folder.write("#!/bin/sh\n\(lines)\nexec \(Mirror.program) \"$@\"\n", to: "scanner")
        try await shell("chmod 700 '\(path)'")
        return LayerScanner(program: path, concurrency: 2)
    }

    @Test(arguments: [["", "+gzip"], ["+gzip", ""]])
    func `a result is not shared between different declared compressions`(
        _ suffixes: [String]
    ) async throws {
        let cache = LayerScanCache(Mirror.scanner)
        for suffix in suffixes {
            let result = try await cache.contents(of: try Self.layer(suffix)) {
                try await $0.write(Self.bytes)
            }
            switch result {
            case .success(let contents):
                #expect(suffix == "+gzip" && contents.diffID == .of(Self.archive))
            case .failure(let fault):
                #expect(suffix.isEmpty && fault == .malformed(.notAnArchive))
            }
        }
    }

    /// The scanner waits until the test opens the gate, so the reader is canceled before the scan ends.
    @Test func `a canceled reader does not cancel the scan that others wait for`() async throws {
        let folder = try TemporaryFolder()
        let gate = "\(folder.path)/gate"
        try await Self.shell("mkfifo '\(gate)'")
        let cache = LayerScanCache(
            try await Self.scanner(after: "/bin/cat \(gate) >/dev/null", in: folder))
        let layer = try Self.layer("+gzip")
        let isRead = AsyncCondition(false)
        let reader = Task {
            try await cache.contents(of: layer) {
                try await $0.write(Self.bytes)
                isRead.change { $0 = true }
            }
        }
        try await isRead.take { $0 ? true : nil }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        async let result = cache.contents(of: layer) { _ in
            Issue.record("the layer was read again")
        }
        try await Self.shell("echo open > '\(gate)'")
        #expect(try await result.get().diffID == .of(Self.archive))
    }

    @Test func `a failed scan is retried for the next image`() async throws {
        let folder = try TemporaryFolder()
        let cache = LayerScanCache(
            try await Self.scanner(
                after: "/bin/mkdir \(folder.path)/once 2>/dev/null && exit 1", in: folder))
        let layer = try Self.layer("+gzip")
        let reads = Mutex(0)
        func result() async throws -> LayerScanCache.ScanResult {
            try await cache.contents(of: layer) {
                reads.withLock { $0 += 1 }
                try await $0.write(Self.bytes)
            }
        }
        guard case .failure(.scan) = try await result() else {
            Issue.record("the first scan did not fail")
            return
        }
        for _ in 0..<2 { #expect(try await result().get().diffID == .of(Self.archive)) }
        #expect(reads.withLock { $0 } == 2)
    }
}

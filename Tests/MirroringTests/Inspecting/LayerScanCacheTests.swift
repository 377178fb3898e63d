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

/// Results of scans that images share.
@Suite struct LayerInspectorTests {
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

    /// A scanner that runs a few lines of shell before the real one.
    private static func scanner(
        after lines: String, in folder: TemporaryFolder
    ) async throws -> LayerScanner {
        let path = "\(folder.path)/scanner"
        try folder.write("#!/bin/sh\n\(lines)\nexec \(Mirror.program) \"$@\"\n", to: "scanner")
        try await shell("chmod 700 '\(path)'")
        return LayerScanner(program: path, atOnce: 2)
    }

    @Test(arguments: [["", "+gzip"], ["+gzip", ""]])
    func `a result is not shared between two declared compressions`(
        _ suffixes: [String]
    ) async throws {
        let inspector = LayerScanCache(Mirror.scanner)
        for suffix in suffixes {
            let answer = try await inspector.contents(of: try Self.layer(suffix)) {
                try await $0.take(Self.bytes)
            }
            switch answer {
            case .success(let contents):
                #expect(suffix == "+gzip" && contents.diffID == .of(Self.archive))
            case .failure(let fault):
                #expect(suffix.isEmpty && fault == .malformed(.notAnArchive))
            }
        }
    }

    /// The scanner waits until the test opens the gate, so that the reader is cancelled before that.
    @Test func `a reader that is cancelled leaves the scan to those who wait for it`() async throws
    {
        let folder = try TemporaryFolder()
        let gate = "\(folder.path)/gate"
        try await Self.shell("mkfifo '\(gate)'")
        let inspector = LayerScanCache(
            try await Self.scanner(after: "/bin/cat \(gate) >/dev/null", in: folder))
        let layer = try Self.layer("+gzip")
        let isRead = AsyncCondition(false)
        let reader = Task {
            try await inspector.contents(of: layer) {
                try await $0.take(Self.bytes)
                isRead.change { $0 = true }
            }
        }
        _ = try await isRead.take { $0 ? true : nil }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        async let answer = inspector.contents(of: layer) { _ in
            Issue.record("the layer was read again")
        }
        try await Self.shell("echo open > '\(gate)'")
        #expect(try await answer.get().diffID == .of(Self.archive))
    }

    @Test func `a scan that failed is tried again for the next image`() async throws {
        let folder = try TemporaryFolder()
        let inspector = LayerScanCache(
            try await Self.scanner(
                after: "/bin/mkdir \(folder.path)/once 2>/dev/null && exit 1", in: folder))
        let layer = try Self.layer("+gzip")
        let reads = Mutex(0)
        func answer() async throws -> LayerScanCache.Answer {
            try await inspector.contents(of: layer) {
                reads.withLock { $0 += 1 }
                try await $0.take(Self.bytes)
            }
        }
        guard case .failure(.scan) = try await answer() else {
            Issue.record("the first scan did not fail")
            return
        }
        for _ in 0..<2 { #expect(try await answer().get().diffID == .of(Self.archive)) }
        #expect(reads.withLock { $0 } == 2)
    }
}

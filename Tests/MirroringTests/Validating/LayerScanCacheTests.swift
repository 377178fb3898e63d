// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Content
import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Testing
import AsyncPrimitives

@testable import Mirroring

@Suite(.timeLimit(.minutes(10))) struct `Cache of layer scans` {
    private static let archive = TarArchive.bytes([.file("bin/app", "app")])
    private static let bytes = StoredGzip.bytes(archive)

    private static func layer(_ suffix: String) throws -> ScannableLayer {
        let descriptor = Descriptor(
            mediaType: try MediaType(
                parsing: "application/vnd.oci.image.layer.v1.tar\(suffix)"),
            digest: .of(bytes), size: bytes.count)
        return try #require(ScannableLayer(descriptor))
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
                try await $0.read(Self.stream(Self.bytes))
            }
            switch result {
            case .success(let contents):
                #expect(suffix == "+gzip" && contents.diffID == .of(Self.archive))
            case .failure(let fault):
                #expect(suffix.isEmpty && fault == .malformed(.otherCompression))
            }
        }
    }

    @Test func `a canceled scan is not cached, and the next task reads the layer`() async throws {
        let cache = LayerScanCache(Mirror.scanner)
        let layer = try Self.layer("+gzip")
        let isReading = AsyncCondition(false)
        let canceled = Task {
            try await cache.contents(of: layer) { tap in
                for try await _ in tap.observe(Self.stream(Self.bytes)) {
                    isReading.change { $0 = true }
                    try await isReading.take { $0 ? nil : true }
                }
            }
        }
        try await isReading.take { $0 ? true : nil }
        async let result = cache.contents(of: layer) {
            try await $0.read(Self.stream(Self.bytes))
        }
        canceled.cancel()
        await #expect(throws: CancellationError.self) { try await canceled.value }
        #expect(try await result.get().diffID == .of(Self.archive))
    }

    private static func stream(_ bytes: [UInt8], chunk: Int = 16) -> ByteStream {
        let chunks = stride(from: 0, to: bytes.count, by: chunk).map {
            Array(bytes[$0..<min($0 + chunk, bytes.count)])
        }
        return AsyncThrowingStream { continuation in
            for chunk in chunks { continuation.yield(chunk) }
            continuation.finish()
        } as ByteStream
    }

    /// Expects that the layer was scanned, without reading it again.
    private static func expectScanned(
        _ layer: ScannableLayer, in cache: LayerScanCache
    ) async throws {
        let result = try await cache.contents(of: layer) { _ in
            Issue.record("the layer was read again")
        }
        #expect(try result.get().diffID == .of(archive))
    }

    @Test func `a layer is scanned while it is copied`() async throws {
        let cache = LayerScanCache(Mirror.scanner)
        let layer = try Self.layer("+gzip")
        try await cache.scanning(layer) { tap in
            let stream = try #require(tap).observe(Self.stream(Self.bytes))
            #expect(try await stream.reduce(into: []) { $0 += $1 } == Self.bytes)
        }
        try await Self.expectScanned(layer, in: cache)
    }

    @Test func `a copy without its first byte does not keep another task from scanning`()
        async throws
    {
        let cache = LayerScanCache(Mirror.scanner)
        let layer = try Self.layer("+gzip")
        try await cache.scanning(layer) { tap in
            let result = try await cache.contents(of: layer) {
                try await $0.read(Self.stream(Self.bytes))
            }
            #expect(try result.get().diffID == .of(Self.archive))
            // The scanned bytes only pass through.
            let stream = try #require(tap).observe(Self.stream(Self.bytes))
            #expect(try await stream.reduce(into: []) { $0 += $1 } == Self.bytes)
        }
        try await Self.expectScanned(layer, in: cache)
    }

    @Test func `a copy whose first bytes arrive earlier ends the stream of a task that waits`()
        async throws
    {
        let cache = LayerScanCache(Mirror.scanner)
        let layer = try Self.layer("+gzip")
        var chunkCount = 0
        let result = try await cache.contents(of: layer) { tap in
            try await cache.scanning(layer) { tap in
                for try await _ in try #require(tap).observe(Self.stream(Self.bytes)) {}
            }
            for try await _ in tap.observe(Self.stream(Self.bytes)) {
                chunkCount += 1
                if !tap.isScanning { break }
            }
        }
        #expect(try result.get().diffID == .of(Self.archive))
        #expect(chunkCount == 1)
    }

    @Test func `a layer of which no stream is read is incomplete`() async throws {
        let cache = LayerScanCache(Mirror.scanner)
        let result = try await cache.contents(of: try Self.layer("+gzip")) { _ in }
        #expect(throws: LayerScanError.self) { try result.get() }
    }

    @Test func `a copy that starts again is scanned from its beginning`() async throws {
        let cache = LayerScanCache(Mirror.scanner)
        let layer = try Self.layer("+gzip")
        try await cache.scanning(layer) { tap in
            let tap = try #require(tap)
            for try await _ in tap.observe(Self.stream(Self.bytes)) { break }
            try await tap.read(Self.stream(Self.bytes))
        }
        try await Self.expectScanned(layer, in: cache)
    }

    @Test func `a copy that does not read the whole layer leaves it to the next task`()
        async throws
    {
        let cache = LayerScanCache(Mirror.scanner)
        let layer = try Self.layer("+gzip")
        try await cache.scanning(layer) { tap in
            for try await _ in try #require(tap).observe(Self.stream(Self.bytes)) { break }
        }
        let result = try await cache.contents(of: layer) {
            try await $0.read(Self.stream(Self.bytes))
        }
        #expect(try result.get().diffID == .of(Self.archive))
    }

    @Test func `a stream whose bytes turn out to be corrupt has no result`() async throws {
        let cache = LayerScanCache(Mirror.scanner)
        let layer = try Self.layer("+gzip")
        let corrupt = Self.bytes.map { ~$0 }
        try await cache.scanning(layer) { tap in
            let tap = try #require(tap)
            let unverified = ErrorMappingStream(Self.stream(corrupt)) { $0 }
            let verified = VerifiedStream(unverified, verifying: layer.descriptor)
            await #expect(throws: IntegrityError.self) { try await tap.read(verified) }
            try await tap.read(Self.stream(Self.bytes))
        }
        try await Self.expectScanned(layer, in: cache)
    }

    @Test func `a failed scan is retried for the next image`() async throws {
        let folder = try TemporaryFolder()
        let cache = LayerScanCache(
            try await Self.scanner(
                after: """
                    if /bin/mkdir \(folder.path)/once 2>/dev/null; then
                        /usr/bin/head -c 1 >/dev/null
                        exit 1
                    fi
                    """, in: folder))
        let layer = try Self.layer("+gzip")
        let reads = Mutex(0)
        func result() async throws -> LayerScanResult {
            try await cache.contents(of: layer) {
                reads.withLock { $0 += 1 }
                try await $0.read(Self.stream(Self.bytes))
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

extension LayerTap {
    /// Reads a stream to its end, only to scan it.
    fileprivate func read(
        _ stream: any AsyncSequence<[UInt8], any Error> & Sendable
    ) async throws {
        for try await _ in observe(stream) {}
    }
}

// SPDX-License-Identifier: Apache-2.0

import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Testing

@Suite struct HostileLayerTests {
    private static let archive = TarArchive.bytes([
        .file("bin/app", "app"), .file("etc/data", String(repeating: "0123456789", count: 2000)),
    ])
    private static let gzip = StoredGzip.bytes(archive)

    @Test(arguments: [
        "Rar!\u{1A}\u{7}\u{1}\u{0}", "PK\u{3}\u{4}", "7z\u{BC}\u{AF}\u{27}\u{1C}", "!<arch>\n",
        "MSCF", "070701", "#!/bin/sh\n", "just words", "<!DOCTYPE html>",
    ])
    func `C01 content that is not a tar archive is malformed`(_ start: String) async throws {
        let bytes = Array(start.utf8) + [UInt8](repeating: 0x20, count: 4096)
        #expect(try await LayerSample.fault(bytes) == .malformed(.notAnArchive))
        let packed = StoredGzip.bytes(bytes)
        #expect(try await LayerSample.fault(packed, .gzip) == .malformed(.notAnArchive))
    }

    @Test func `C02 a layer that is compressed twice is decompressed once`() async throws {
        let twice = StoredGzip.bytes(Self.gzip)
        #expect(try await LayerSample.fault(twice, .gzip) == .malformed(.notAnArchive))
        let (bytes, _) = try await SystemTool.pack(Self.gzip, .zstd)
        #expect(try await LayerSample.fault(bytes, .zstd) == .malformed(.notAnArchive))
    }

    @Test(arguments: LayerCompression.allCases, [LayerCompression.gzip, .zstd])
    func `C02 the first bytes decide, whichever compression the media type states`(
        _ actual: LayerCompression, _ stated: LayerCompression
    ) async throws {
        let bytes =
            actual == .none ? Self.archive : try await SystemTool.pack(Self.archive, actual).0
        let contents = try await LayerSample.scan(bytes, stated).get()
        #expect(contents.diffID == .of(Self.archive))
        #expect(contents.compression == actual)
    }

    @Test(arguments: [LayerCompression.gzip, .zstd])
    func `C02 a layer whose media type states no compression is not decompressed`(
        _ actual: LayerCompression
    ) async throws {
        let (bytes, _) = try await SystemTool.pack(Self.archive, actual)
        #expect(try await LayerSample.fault(bytes) == .malformed(.otherCompression))
    }

    @Test(arguments: [[0x1F], [0x1F, 0x8B, 9], [UInt8](repeating: 0xFF, count: 64)])
    func `C02 unknown bytes are not an archive`(_ bytes: [UInt8]) async throws {
        for compression in LayerCompression.allCases {
            #expect(
                try await LayerSample.fault(bytes, compression) == .malformed(.notAnArchive))
        }
    }

    @Test func `C03 wrong checksums, missing ends and trailing bytes are detected`()
        async throws
    {
        var flipped = Self.gzip
        flipped[flipped.count - 6] ^= 1
        #expect(try await LayerSample.fault(flipped, .gzip) == .malformed(.corrupt))
        for count in [11, 600, Self.gzip.count - 9, Self.gzip.count - 1] {
            let cut = Array(Self.gzip.prefix(count))
            #expect(try await LayerSample.fault(cut, .gzip) == .malformed(.corrupt))
        }
        for trailer in [[UInt8](repeating: 0, count: 512), Array("more of it".utf8)] {
            #expect(
                try await LayerSample.fault(Self.gzip + trailer, .gzip)
                    == .malformed(.trailingBytes))
        }
    }

    @Test func `C03 truncated zstd streams are malformed`() async throws {
        let compression = LayerCompression.zstd
        let (bytes, _) = try await SystemTool.pack(Self.archive, compression)
        #expect(
            try await LayerSample.scan(bytes, compression).get().diffID == .of(Self.archive))
        let cut = Array(bytes.dropLast(3))
        #expect(try await LayerSample.fault(cut, compression) == .malformed(.corrupt))
        #expect(
            try await LayerSample.fault(bytes + Array("more".utf8), compression)
                == .malformed(.corrupt))
    }

    @Test(arguments: [1, 7, 511, 1 << 20])
    func `C03 a file of several members is one archive`(_ size: Int) async throws {
        let half = Self.archive.count / 2
        let bytes =
            StoredGzip.bytes(Array(Self.archive.prefix(half)))
            + StoredGzip.bytes(Array(Self.archive.dropFirst(half)))
        let contents = try await LayerSample.scan(bytes, .gzip, pieces: size).get()
        #expect(contents.diffID == .of(Self.archive))
        #expect(contents.unpackedByteCount == Self.archive.count)
    }

    @Test func `C03 bytes after the end of the archive are part of its digest`() async throws {
        let longer = Self.archive + Array("ignored by every reader".utf8)
        #expect(try await LayerSample.scan(longer).get().diffID == .of(longer))
    }

    @Test func `C03 a truncated archive is malformed`() async throws {
        for count in [300, 513, 1300, 5000] {
            let cut = Array(Self.archive.prefix(count))
            let fault = try await LayerSample.fault(cut)
            #expect(
                fault == .malformed(.corruptArchive) || fault == .malformed(.notAnArchive))
        }
    }

    @Test(arguments: [LayerCompression.gzip, .zstd])
    func `C04 a bomb of zeros is stopped by the ratio`(
        _ compression: LayerCompression
    ) async throws {
        var limits = ScanLimits()
        limits.ratioFloor = 1 << 20
        let (file, _) = try await SystemTool.pack(
            TarArchive.bytes([.file("zeros", [UInt8](repeating: 0, count: 8 << 20))]),
            compression)
        #expect(
            try await LayerSample.fault(file, compression, limits: limits) == .limit(.ratio))
    }

    /// With the default limits: an archive, followed by endless zeros.
    @Test(arguments: [LayerCompression.gzip, .zstd])
    func `C04 ten gibibytes of zeros are rejected after the first`(
        _ compression: LayerCompression
    ) async throws {
        let (archive, _) = try await SystemTool.pack(Self.archive, compression)
        let (zeros, _) = try await SystemTool.pack(
            [UInt8](repeating: 0, count: 64 << 20), compression)
        #expect(
            try await LayerSample.fault(archive, then: zeros, times: 160, compression)
                == .limit(.ratio))
    }

    @Test func `C04 the uncompressed size is limited`() async throws {
        var limits = ScanLimits()
        limits.unpackedBytes = Self.archive.count - 1
        #expect(
            try await LayerSample.fault(Self.gzip, .gzip, limits: limits)
                == .limit(.unpackedBytes))
        limits.unpackedBytes += 1
        #expect(try await LayerSample.fault(Self.gzip, .gzip, limits: limits) == nil)
    }

    @Test func `C04 the processor time of a scan is limited`() async throws {
        var limits = ScanLimits()
        limits.seconds = 1
        limits.ratioFloor = .max
        // Zeros after the end of the archive, in one gzip member after the other.
        let (member, _) = try await SystemTool.pack([UInt8](repeating: 0, count: 16 << 20), .gzip)
        let fault = try await LayerSample.fault(
            Self.gzip, then: member, times: 1000, .gzip, limits: limits)
        #expect(fault?.description.contains("terminated by signal") == true)
    }

    @Test func `C05 the memory of a decoder is limited`() async throws {
        // A zstd frame header with a window of 2 GiB (exponent 21, mantissa 0), then one raw block.
        let frame: [UInt8] =
            [0x28, 0xB5, 0x2F, 0xFD, 0x00, 21 << 3, 0x01 | 5 << 3, 0, 0] + Array("hello".utf8)
        let fault = try await LayerSample.fault(frame, .zstd)
        #expect(fault == .malformed(.corrupt) || fault == .limit(.memory))
    }

    @Test func `C06 the number of entries is limited`() async throws {
        var limits = ScanLimits()
        limits.entries = 1000
        let many = (0..<1001).map { TarEntry.file("f\($0)", "", mode: 0o644) }
        #expect(
            try await LayerSample.fault(TarArchive.bytes(many), limits: limits)
                == .limit(.entries))
        #expect(
            try await LayerSample.fault(TarArchive.bytes(many.dropLast()), limits: limits) == nil)
    }

    @Test func `C06 twenty thousand files take a few bytes each`() async throws {
        let many = (0..<20_000).map { TarEntry.file("usr/share/data/\($0)", "", mode: 0o644) }
        var limits = ScanLimits()
        limits.reportByteCount = 200_000
        let tree = try await LayerSample.scan(
            StoredGzip.bytes(TarArchive.bytes(many)), .gzip, limits: limits
        ).get().tree
        #expect(tree[LayerPath("/usr/share/data/19999")] == .file(.data))
        #expect(tree.elfPaths.isEmpty)
        #expect(tree.byteCount < 20_010 * 32)
    }
}

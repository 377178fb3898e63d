// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import Testing

@testable import LayerScanning

/// Reports of a child that was taken over by its layer.
@Suite struct ReportReaderTests {
    private static let layer: [UInt8] = [1, 2, 3]
    private static let digest = Array("sha256:\(String(repeating: "a", count: 64))".utf8)
    /// The end of a report without the digest.
    private static let end: [UInt8] = [0x45, 5, 4] + Array("gzip".utf8)
    private static let plainEnd: [UInt8] = [0x45, 3, 4] + Array("none".utf8)

    private func read(
        _ report: [UInt8], _ compression: LayerCompression = .gzip,
        _ algorithm: Digest.Algorithm = .sha256
    ) throws -> LayerContents {
        try ReportReader.read(
            report, of: LayerSample.layer(Self.layer, compression, algorithm), ScanLimits())
    }

    @Test func `a valid report is read`() throws {
        let contents = try read(Self.end + Self.digest)
        #expect(contents.unpackedByteCount == 5)
        #expect(contents.compression == .gzip)
    }

    @Test(
        arguments: [
            [], [0x45], [0x45, 5], end.dropLast() + digest, end, end + digest.dropLast(),
            end + digest + [0], [0x45, 5, 4] + Array("gzap".utf8) + digest,
            [0x45, 5, 17] + Array(repeating: 0x67, count: 17) + digest, [0x46],
            [0x46, 0], [0x46, 250], [0x46, 1, 1], [0x2A],
            // A path that shares more than exists, is longer than stated, or is not clean.
            [0x64, 1, 1, 0x61] + end + digest, [0x64, 0, 99, 0x61],
            [0x64, 0, 2, 0x2E, 0x2E] + end + digest, [0x64, 0, 2, 0x2F, 0x61] + end + digest,
            // Numbers that are endless or exceed all limits.
            [0x64] + [UInt8](repeating: 0xFF, count: 12),
            [0x64, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            // A file with an invalid flag, an unknown type, or an invalid loader.
            [0x78, 0, 1, 0x61, 2, 0], [0x78, 0, 1, 0x61, 1, 9],
            [0x78, 0, 1, 0x61, 1, 2, 9, 1, 1, 62, 0, 0],
            [0x78, 0, 1, 0x61, 1, 2, 2, 1, 1, 62, 0, 0x80, 2],
        ] as [[UInt8]])
    func `a report with any invalid line is rejected`(report: [UInt8]) {
        #expect(throws: LayerScanError.scan("scan process wrote no valid report")) {
            try read(report)
        }
    }

    @Test func `a reported error is the result`() {
        #expect(throws: LayerScanError.malformed(.corrupt)) { try read([0x46, 2]) }
    }

    @Test func `an omitted digest is that of the layer, if it is not compressed`() throws {
        #expect(try read(Self.plainEnd, .none).diffID == .of(Self.layer))
        #expect(throws: LayerScanError.self) { try read(Self.plainEnd, .gzip) }
        #expect(throws: LayerScanError.self) { try read(Self.plainEnd, .none, .sha512) }
    }
}

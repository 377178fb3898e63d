// SPDX-License-Identifier: Apache-2.0

import LayerScanning
import OCI
import RegistryTestSupport

/// Layers for the scanner, and the scanner itself: the program that was built beside the tests.
enum LayerSample {
    static let program: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? "./"
        return bundle[...(bundle.lastIndex(of: "/") ?? bundle.startIndex)] + "ocimirror"
    }()

    /// Scans bytes that come in pieces.
    static func scan(
        _ bytes: [UInt8], _ compression: LayerCompression = .none,
        limits: ScanLimits = ScanLimits(), pieces: Int = 64 << 10
    ) async throws -> Result<LayerContents, LayerScanError> {
        let scan = LayerScanner(program: program, atOnce: 1, limits: limits).scan(compression)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try await scan.write(Array(bytes[start..<min(start + pieces, bytes.count)]))
        }
        return await scan.finish()
    }

    static func fault(
        _ bytes: [UInt8], _ compression: LayerCompression = .none,
        limits: ScanLimits = ScanLimits()
    ) async throws -> LayerScanError? {
        switch try await scan(bytes, compression, limits: limits) {
        case .success: nil
        case .failure(let fault): fault
        }
    }

    /// The words that the program is started with, as ``LayerScanner`` has them.
    static func words(_ compression: LayerCompression) -> [String] {
        ["scan-layer", compression.rawValue, "1000", "100000000", "100000000", "200"]
            + ["1073741824", "60"]
    }
}

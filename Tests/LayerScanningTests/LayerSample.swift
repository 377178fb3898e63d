// SPDX-License-Identifier: Apache-2.0

import LayerScanning
import OCI
import RegistryTestSupport

/// Layers for the scanner, and the scanner itself: the program that was built with the tests.
enum LayerSample {
    static let program: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? "./"
        return bundle[...(bundle.lastIndex(of: "/") ?? bundle.startIndex)] + "ocimirror"
    }()

    /// Scans bytes that arrive in chunks.
    static func scan(
        _ bytes: [UInt8], _ compression: LayerCompression = .none,
        limits: ScanLimits = ScanLimits(), pieces: Int = 64 << 10
    ) async throws -> Result<LayerContents, LayerScanError> {
        let scan = LayerScanner(program: program, concurrency: 1, limits: limits).scan(compression)
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

    /// The arguments with which ``LayerScanner`` starts the program.
    static func words(_ compression: LayerCompression) -> [String] {
        ["scan-layer", compression.rawValue, "1000", "100000000", "100000000", "200"]
            + ["1073741824", "60"]
    }
}

// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Hashing
import OCI
import RegistryTestSupport
import Testing

@testable import LayerScanning

/// Layers for the scanner, and the scanner itself: the program that was built with the tests.
enum LayerSample {
    static let program: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? "./"
        return bundle[...(bundle.lastIndex(of: "/") ?? bundle.startIndex)] + "ocimirror"
    }()

    /// Returns a layer with these bytes.
    static func layer(
        _ bytes: [UInt8], _ compression: LayerCompression = .none,
        _ algorithm: Digest.Algorithm = .sha256
    ) throws -> ScannableLayer {
        let suffix = compression == .none ? "" : "+\(compression.rawValue)"
        let mediaType = try MediaType(parsing: "application/vnd.oci.image.layer.v1.tar\(suffix)")
        return try #require(
            ScannableLayer(
                Descriptor(
                    mediaType: mediaType, digest: .of(bytes, algorithm), size: bytes.count)))
    }

    /// Scans bytes that arrive in chunks.
    static func scan(
        _ bytes: [UInt8], _ compression: LayerCompression = .none,
        limits: ScanLimits = ScanLimits(), pieces: Int = 64 << 10
    ) async throws -> LayerScanResult {
        let scanner = LayerScanner(program: program, concurrency: 1, limits: limits)
        return try await scanner.scanBytes(of: layer(bytes, compression)) { input in
            for start in stride(from: 0, to: bytes.count, by: pieces) {
                try await input.write(Array(bytes[start..<min(start + pieces, bytes.count)]))
            }
        }
    }

    /// Returns the error of a layer that consists of `start` and as many repetitions of `chunk`.
    static func fault(
        _ start: [UInt8], then chunk: [UInt8], times count: Int, _ compression: LayerCompression,
        limits: ScanLimits = ScanLimits()
    ) async throws -> LayerScanError? {
        let scanner = LayerScanner(program: program, concurrency: 1, limits: limits)
        let result = try await scanner.scanBytes(of: layer(start, compression)) { input in
            try await input.write(start)
            for _ in 0..<count { try await input.write(chunk) }
        }
        if case .failure(let error) = result { return error }
        return nil
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

extension LayerScanner {
    /// Scans the bytes that `write` adds.
    func scanBytes(
        of layer: ScannableLayer, writing write: (ChildInput) async throws -> Void
    ) async throws -> LayerScanResult {
        let input = ChildInput()
        async let result = runChild(for: layer, feeding: input)
        try await write(input)
        input.end()
        return try await result
    }
}

// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import LayerScanning
import Testing

/// The compression programs of the system.
enum SystemTool {
    /// Compresses bytes.
    static func pack(
        _ bytes: [UInt8], _ compression: LayerCompression, options: [String] = []
    ) async throws -> ([UInt8], LayerCompression) {
        let name = try #require(
            [LayerCompression.gzip: "gzip", .zstd: "zstd"][compression])
        let program = try #require(Subprocess.locate(name, path: "/usr/bin:/bin"))
        let output = try await Subprocess.run(
            executable: program, arguments: ["-c", "-q"] + options, environment: [:],
            input: bytes, limits: ChildLimits(time: .seconds(300), outputByteCount: 64 << 20))
        #expect(output.termination == .exited(0))
        return (output.standardOutput, compression)
    }
}

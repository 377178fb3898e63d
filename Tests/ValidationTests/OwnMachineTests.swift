// SPDX-License-Identifier: Apache-2.0

import Files
import LayerScanning
import OCI
import RegistryTestSupport
import Testing
import Validation

/// Real programs: those of the host that runs the tests.
@Suite(.timeLimit(.minutes(10))) struct OwnMachineTests {
    private static let here: Platform = {
        #if arch(arm64)
            .linuxARM64
        #else
            .linuxAMD64
        #endif
    }()
    private static let elsewhere: Platform =
        here == .linuxAMD64 ? .linuxARM64 : .linuxAMD64

    /// The only library that the shell needs.
    private static let library =
        here == .linuxAMD64
        ? "/lib/x86_64-linux-gnu/libc.so.6" : "/lib/aarch64-linux-gnu/libc.so.6"
    private static let limit = 64 << 20

    /// Returns an image with the host's shell, with or without its loader.
    private static func sample(for platform: Platform, loader: Bool) throws -> ContentSample {
        let shell = try BoundedFile.read("/bin/sh", limit: limit)
        let header = try #require(ELFHeader(shell[...]))
        let path = try #require(header.loader.map { String(decoding: $0, as: UTF8.self) })
        var entries = [
            TarEntry.file("usr/bin/dash", shell), .symbolicLink("bin", to: "usr/bin"),
            .file(library, try BoundedFile.read(library, limit: limit)),
        ]
        entries.append(.symbolicLink("usr/bin/sh", to: "dash"))
        if loader { entries.append(.file(path, try BoundedFile.read(path, limit: limit))) }
        return ContentSample(
            name: "", layers: [entries], command: ["/bin/sh", "-c", "exec sh"],
            platform: platform)
    }

    @Test func `C10 the host's shell matches only the host's CPU architecture`() async throws {
        #expect(try await Self.sample(for: Self.here, loader: true).findings() == [])
        let findings = try await Self.sample(for: Self.elsewhere, loader: true).findings()
        #expect(!findings.isEmpty)
        #expect(findings.allSatisfy { $0 == "error content-mismatch" })
    }

    @Test func `C11 the host's shell needs its loader`() async throws {
        let findings = try await Self.sample(for: Self.here, loader: false).findings()
        #expect(findings == ["error entrypoint-missing"])
    }
}

// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Testing

/// Layers that differ from a valid one in a few bytes: any result is accepted except a failed scan.
@Suite(.timeLimit(.minutes(10))) struct MutantTests {
    private static let archive =
        RawArchive.extended([("path", Array("usr/bin/longer".utf8))])
        + RawArchive.entry(
            "short", ELFFile.arm64.loaded(by: "/lib/ld.so").needing("libc.so.6").bytes)
        + RawArchive.entry("run", Array("#!/bin/sh -e\n".utf8))
        + RawArchive.entry("link", kind: "2", link: "usr/bin/longer")
        + RawArchive.entry("hard", kind: "1", link: "run")
        + RawArchive.entry(".wh.gone") + RawArchive.end

    @Test(arguments: LayerCompression.allCases)
    func `C08 C15 mutated layers never crash the scan`(
        _ compression: LayerCompression
    ) async throws {
        let bytes =
            compression == .none
            ? Self.archive : try await SystemTool.pack(Self.archive, compression).0
        let scanner = LayerScanner(program: LayerSample.program, concurrency: 2)
        try await withThrowingTaskGroup { group in
            for seed in 0..<40 {
                group.addTask {
                    var numbers = SeededGenerator(seed: UInt64(seed))
                    var mutant = bytes
                    for _ in 0...Int.random(in: 0..<4, using: &numbers) {
                        let place = Int.random(in: 0..<mutant.count, using: &numbers)
                        mutant[place] = UInt8.random(in: 0...255, using: &numbers)
                    }
                    let (layer, bytes) = (try LayerSample.layer(mutant, compression), mutant)
                    let result = try await scanner.scanBytes(of: layer) {
                        try await $0.write(bytes)
                    }
                    if case .failure(.scan(let reason)) = result {
                        Issue.record("seed \(seed): \(reason)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `C15 no ELF header traps`() {
        var numbers = SeededGenerator(seed: 7)
        for file in [
            ELFFile.arm64.loaded(by: "/lib/ld-linux-aarch64.so.1"),
            ELFFile.arm64.loaded(by: "/lib/ld.so").needing("libc.so.6", runPath: "$ORIGIN"),
            ELFFile(machine: 40, is64Bit: false, isLittleEndian: false, loader: "/lib/ld.so"),
        ] {
            let good = file.bytes
            let header = ELFHeader(good[...])
            #expect(header?.architecture == file.machine)
            #expect(header?.loader == file.loader.map { Array($0.utf8) })
            for _ in 0..<5000 {
                var bad = Array(good.prefix(Int.random(in: 0...good.count, using: &numbers)))
                for _ in 0..<3 where !bad.isEmpty {
                    let place = Int.random(in: 0..<bad.count, using: &numbers)
                    bad[place] = [0, 1, 0x7F, 0xFF].randomElement(using: &numbers) ?? 0
                }
                if let header = ELFHeader(bad[...]) { #expect(header.architecture != 0) }
            }
        }
    }

    @Test(arguments: [3, 4, 19, 20, 63]) func `C15 a truncated ELF header is not parsed`(
        _ count: Int
    ) {
        #expect(ELFHeader(ELFFile.amd64.bytes.prefix(count)) == nil)
    }

    @Test func `extra fields of gzip members and skippable zstd frames are skipped`()
        async throws
    {
        // The footer of a seekable layer: an empty member with a field.
        let field: [UInt8] = [0x53, 0x47, 2, 0, 1, 2]
        let footer: [UInt8] =
            [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 255, UInt8(field.count), 0] + field
            + [1, 0, 0, 0xFF, 0xFF] + [UInt8](repeating: 0, count: 8)
        let gzip = StoredGzip.bytes(Self.archive)
        for bytes in [gzip + footer, footer + gzip] {
            #expect(
                try await LayerSample.scan(bytes, .gzip).get().diffID == .of(Self.archive))
        }
        let skipped: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]
        let (zstd, _) = try await SystemTool.pack(Self.archive, .zstd)
        for bytes in [zstd + skipped, skipped + zstd] {
            #expect(
                try await LayerSample.scan(bytes, .zstd).get().diffID == .of(Self.archive))
        }
    }
}

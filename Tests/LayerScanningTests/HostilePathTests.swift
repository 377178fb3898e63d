// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

@testable import LayerScanning

/// Links and paths that cost more than their bytes.
@Suite(.timeLimit(.minutes(10))) struct HostilePathTests {
    private static func link(_ name: String, to target: String) -> [UInt8] {
        RawArchive.entry(name, kind: "1", link: target)
    }

    /// Returns an entry whose path exceeds the size of a header.
    private static func file(_ path: String) -> [UInt8] {
        RawArchive.extended([("path", Array(path.utf8))])
            + RawArchive.entry("short", mode: "0000644")
    }

    @Test(arguments: [
        link("x", to: "x") + link("p", to: "x"), link("a/../x", to: "./b/../x"),
        RawArchive.entry("x") + link("x", to: "/x"),
        RawArchive.entry("d", kind: "5") + link("x", to: "d"), link("x", to: ".."),
    ])
    func `a hard link to itself or to a directory is malformed`(
        _ archive: [UInt8]
    ) async throws {
        let fault = try await LayerSample.fault(archive + RawArchive.end)
        #expect(fault == .malformed(.impossibleLink))
    }

    @Test func `chains of hard links are not followed`() throws {
        var tree = LayerFileTree()
        var trail = PathTrail()
        for number in 0...200_000 {
            let target = number < 200_000 ? "x\(number + 1)" : "x0"
            _ = trail.replace(after: 0, with: Array("x\(number)".utf8))
            try tree.add(.hardLink(to: LayerPath(target)), at: trail)
        }
        // The last link resolves the name of the first to a file of a lower layer.
        #expect(tree[LayerPath("x200000")] == .hardLink(to: LayerPath("x1")))
    }

    @Test func `implied directories count toward the memory limit`() async throws {
        var limits = ScanLimits()
        limits.treeByteCount = 1 << 20
        let deep = String(repeating: "/a", count: 2040)
        let archive = (10..<50).flatMap { Self.file("u\($0)\(deep)") }
        #expect(
            try await LayerSample.fault(archive + RawArchive.end, limits: limits) == .limit(.paths))
        // Shared directories count once.
        let shared = (10..<50).flatMap { Self.file("u\(deep)/\($0)") }
        let tree = try await LayerSample.scan(shared + RawArchive.end, limits: limits).get().tree
        #expect(tree.byteCount == (2042 + 40) * 32)
        #expect(tree[LayerPath("u\(deep)/49")] == .file(.data))
    }

    @Test func `long paths of programs count toward the memory limit`() async throws {
        var limits = ScanLimits()
        limits.treeByteCount = 50_000
        let folder = String(repeating: "a", count: 250) + "/"
        let path = String(repeating: folder, count: 16)
        let archive = (10..<40).flatMap {
            RawArchive.extended([("path", Array("\(path)\($0)".utf8))])
                + RawArchive.entry("short", ELFFile.arm64.bytes)
        }
        #expect(
            try await LayerSample.fault(archive + RawArchive.end, limits: limits) == .limit(.paths))
    }

    @Test func `a name above the kernel's limit is malformed`() async throws {
        let name = String(repeating: "n", count: 255)
        for path in ["d/\(name)/x", "d/.wh.\(name)"] {
            #expect(try await LayerSample.fault(Self.file(path) + RawArchive.end) == nil)
        }
        #expect(
            try await LayerSample.fault(Self.file("d/\(name)n/x") + RawArchive.end)
                == .malformed(.pathTooLong))
    }

    @Test(arguments: ["d/.wh..", "d/.wh...", ".wh..", ".wh..."])
    func `a whiteout of a directory itself or of its parent is malformed`(
        _ path: String
    ) async throws {
        #expect(
            try await LayerSample.fault(Self.file(path) + RawArchive.end)
                == .malformed(.invalidWhiteout))
    }

    @Test func `a report that is too long is a limit, not a failed scan`() async throws {
        var limits = ScanLimits()
        limits.reportByteCount = 100
        let archive = (0..<100).flatMap { RawArchive.entry("file\($0)") }
        #expect(
            try await LayerSample.fault(archive + RawArchive.end, limits: limits) == .limit(.paths))
    }

    @Test func `the keys of a path are those of its directories`() {
        var trail = PathTrail()
        let lines = [
            ("", 0), ("usr", 0), ("usr/bin/a", 3), ("usr/bin/ab", 9), ("usr/bin", 7),
            ("usr/bin/b/c", 7), ("usr/binary", 7), ("", 0), ("u", 0),
        ]
        for (path, shared) in lines {
            let isClean = trail.replace(after: shared, with: Array(path.utf8.dropFirst(shared)))
            #expect(isClean)
            let path = LayerPath(path)
            #expect(trail.bytes == path.bytes)
            #expect(trail.key == PathKey(path))
            var folders: [PathKey] = []
            var folder = path.directory
            while let current = folder {
                folders.insert(PathKey(current), at: 0)
                folder = current.directory
            }
            #expect(trail.directories == folders)
        }
        for (shared, rest) in [(2, ""), (1, "//a"), (1, "/."), (1, "/../b"), (1, "/")] {
            var bad = trail
            let isClean = bad.replace(after: shared, with: Array(rest.utf8))
            #expect(!isClean)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

@testable import LayerScanning

/// Links and paths that are made to cost more than their bytes.
@Suite struct HostilePathTests {
    private static func link(_ name: String, to target: String) -> [UInt8] {
        RawArchive.entry(name, kind: "1", link: target)
    }

    /// An entry whose path takes more bytes than a header has.
    private static func file(_ path: String) -> [UInt8] {
        RawArchive.extended([("path", Array(path.utf8))])
            + RawArchive.entry("short", mode: "0000644")
    }

    @Test(arguments: [
        link("x", to: "x") + link("p", to: "x"), link("a/../x", to: "./b/../x"),
        RawArchive.entry("x") + link("x", to: "/x"),
        RawArchive.entry("d", kind: "5") + link("x", to: "d"), link("x", to: ".."),
    ])
    func `a hard link to itself or to a directory makes the layer broken`(
        _ archive: [UInt8]
    ) async throws {
        let fault = try await LayerSample.fault(archive + RawArchive.end)
        #expect(fault == .malformed(.impossibleLink))
    }

    @Test func `a chain of hard links is never followed, however long it is`() throws {
        var tree = LayerFileTree()
        var trail = PathTrail()
        for number in 0...200_000 {
            let target = number < 200_000 ? "x\(number + 1)" : "x0"
            _ = trail.replace(after: 0, with: Array("x\(number)".utf8))
            try tree.add(.hardLink(to: LayerPath(target)), at: trail)
        }
        // What the last one finds under the name of the first is a file of a lower layer.
        #expect(tree[LayerPath("x200000")] == .hardLink(to: LayerPath("x1")))
    }

    @Test func `directories that no entry names count towards the limit of a layer`() async throws {
        var limits = ScanLimits()
        limits.treeByteCount = 1 << 20
        let deep = String(repeating: "/a", count: 2040)
        let archive = (10..<50).flatMap { Self.file("u\($0)\(deep)") }
        #expect(
            try await LayerSample.fault(archive + RawArchive.end, limits: limits) == .limit(.paths))
        // Directories that they share count once.
        let shared = (10..<50).flatMap { Self.file("u\(deep)/\($0)") }
        let tree = try await LayerSample.scan(shared + RawArchive.end, limits: limits).get().tree
        #expect(tree.byteCount == (2042 + 40) * 32)
        #expect(tree[LayerPath("u\(deep)/49")] == .file(.data))
    }

    @Test func `the long paths of programs count towards the limit of a layer`() async throws {
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

    @Test func `a name that is longer than a kernel takes makes the layer broken`() async throws {
        let name = String(repeating: "n", count: 255)
        for path in ["d/\(name)/x", "d/.wh.\(name)"] {
            #expect(try await LayerSample.fault(Self.file(path) + RawArchive.end) == nil)
        }
        #expect(
            try await LayerSample.fault(Self.file("d/\(name)n/x") + RawArchive.end)
                == .malformed(.pathTooLong))
    }

    @Test func `a report that is too long is a limit of the layer, not a lost scan`() async throws {
        var limits = ScanLimits()
        limits.reportByteCount = 100
        let archive = (0..<100).flatMap { RawArchive.entry("file\($0)") }
        #expect(
            try await LayerSample.fault(archive + RawArchive.end, limits: limits) == .limit(.paths))
    }

    @Test func `the keys on a path are those of its directories`() {
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
            var folder = path.folder
            while let current = folder {
                folders.insert(PathKey(current), at: 0)
                folder = current.folder
            }
            #expect(trail.folders == folders)
        }
        for (shared, rest) in [(2, ""), (1, "//a"), (1, "/."), (1, "/../b"), (1, "/")] {
            var bad = trail
            let isClean = bad.replace(after: shared, with: Array(rest.utf8))
            #expect(!isClean)
        }
    }
}

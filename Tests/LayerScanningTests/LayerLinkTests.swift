// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

@testable import LayerScanning

/// Entries below links, files and replaced directories of the same layer.
///
/// The results are those of containerd's overlayfs snapshotter.
@Suite struct LayerLinkTests {
    private static let script = LayerEntry.file(
        LayerEntry.File(
            isExecutable: true, head: .script(FileStart(Array("#!/bin/sh".utf8), isComplete: true)))
    )

    private static func tree(_ entries: [TarEntry]) async throws -> LayerFileTree {
        try await LayerSample.scan(TarArchive.bytes(entries)).get().tree
    }

    private static func app(_ path: String) -> TarEntry { .file(path, "#!/bin/sh") }

    @Test(arguments: [
        ([.symbolicLink("bin", to: "usr/bin"), app("bin/app")], "usr/bin/app"),
        (
            [.folder("usr/bin"), .symbolicLink("bin", to: "/usr/bin"), app("bin/app")],
            "usr/bin/app"
        ),
        ([.symbolicLink("a/b", to: "../c"), app("a/b/d/app")], "c/d/app"),
        (
            [
                .symbolicLink("a", to: "b"), .symbolicLink("b", to: "./c/../d"), app("a/app"),
            ], "d/app"
        ),
        ([.symbolicLink("a", to: "../../.."), app("a/app")], "app"),
        ([app("a/x"), .symbolicLink("a", to: "b"), app("a/app")], "b/app"),
    ])
    func `an entry below a link is written through it`(
        _ entries: [TarEntry], _ path: String
    ) async throws {
        let tree = try await Self.tree(entries)
        #expect(tree[LayerPath(path)] == Self.script)
        let directory = try #require(LayerPath(path).directory)
        #expect(directory == .root || tree.hasEntries(in: PathKey(directory)))
    }

    @Test func `a directory replaces a link, and a link replaces a directory`() async throws {
        let tree = try await Self.tree([
            .symbolicLink("bin", to: "usr/bin"), .folder("bin"), Self.app("bin/app"),
            Self.app("lib/x"), .symbolicLink("lib", to: "usr/lib"),
        ])
        #expect(tree[LayerPath("bin/app")] == Self.script)
        #expect(tree[LayerPath("bin")] == .directory)
        #expect(tree[LayerPath("lib")] == .symbolicLink(to: Array("usr/lib".utf8)))
        #expect(!tree.hasEntries(in: PathKey(LayerPath("lib"))))
        #expect(tree.linkPaths.values.map(\.description) == ["/lib"])
    }

    @Test func `whiteouts are below links too`() async throws {
        let tree = try await Self.tree([
            .symbolicLink("bin", to: "usr/bin"), .whiteout("bin/sh"),
            .symbolicLink("lib", to: "usr/lib"), .file("lib/.wh..wh..opq", ""),
        ])
        #expect(tree.hasWhiteout(of: PathKey(LayerPath("usr/bin/sh"))))
        #expect(!tree.hasWhiteout(of: PathKey(LayerPath("bin/sh"))))
        #expect(tree.hidesContents(of: PathKey(LayerPath("usr/lib"))))
        #expect(tree.hasEntries(in: PathKey(LayerPath("usr/lib"))))
    }

    @Test func `a whiteout after an entry of its layer deletes it`() async throws {
        let tree = try await Self.tree([Self.app("app"), .whiteout("app")])
        #expect(tree[LayerPath("app")] == nil)
        #expect(tree.deletedOwnEntry == LayerPath("app"))
        let other = try await Self.tree([.whiteout("app"), Self.app("app")])
        #expect(other[LayerPath("app")] == Self.script)
        #expect(other.deletedOwnEntry == nil)
    }

    @Test func `the target of a hard link passes through links`() async throws {
        let tree = try await Self.tree([
            Self.app("usr/bin/app"), .symbolicLink("bin", to: "usr/bin"),
            .hardLink("app", to: "bin/app"), .hardLink("other", to: "bin/missing"),
        ])
        #expect(tree[LayerPath("app")] == Self.script)
        #expect(tree[LayerPath("other")] == .hardLink(to: LayerPath("usr/bin/missing")))
        #expect(tree.linkToLowerLayer == LayerPath("other"))
    }

    @Test func `an entry below a file or a cycle of links is malformed`() async throws {
        let cases: [([TarEntry], LayerScanError.FormatError)] = [
            ([Self.app("a"), Self.app("a/b")], .fileAsDirectory),
            ([Self.app("a"), Self.app("a/b/c")], .fileAsDirectory),
            (
                [.symbolicLink("a", to: "b"), .symbolicLink("b", to: "a"), Self.app("a/x")],
                .tooManyLinks
            ),
        ]
        for (entries, error) in cases {
            #expect(
                try await LayerSample.fault(TarArchive.bytes(entries)) == .malformed(error))
        }
    }

    @Test func `the work of following links is limited`() async throws {
        let long = String(repeating: String(repeating: "x", count: 250) + "/../", count: 15) + "d"
        let links = (0..<200).map { number -> TarEntry in
            .symbolicLink("l\(number)", to: "./l\(number + 1)")
        }
        let last =
            RawArchive.extended([("linkpath", Array(long.utf8))])
            + RawArchive.entry("l200", kind: "2", link: "x")
        let files = (0..<4000).flatMap { RawArchive.entry("l0/\($0)") }
        let archive = Array(TarArchive.bytes(links).dropLast(1024)) + last + files + RawArchive.end
        #expect(try await LayerSample.fault(archive) == .limit(.paths))
    }
}

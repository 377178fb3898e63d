// SPDX-License-Identifier: Apache-2.0

import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct LayerScannerTests {
    private static let archive = TarArchive.bytes([
        .folder("usr/bin"), .file("usr/bin/app", "#!/bin/sh -e\necho\n"),
        .file("etc/passwd", "root", mode: 0o644), .symbolicLink("bin", to: "usr/bin"),
        .hardLink("usr/bin/other", to: "usr/bin/app"), .whiteout("etc/shadow"),
        .file("var/.wh..wh..opq", ""),
    ])

    @Test func `the entries of an archive are read`() async throws {
        let contents = try await LayerSample.scan(Self.archive).get()
        #expect(contents.diffID == .of(Self.archive))
        #expect(contents.unpackedByteCount == Self.archive.count)
        let script = LayerEntry.File(
            isExecutable: true,
            head: .script(FileStart(Array("#!/bin/sh -e\necho\n".utf8), isComplete: true)))
        #expect(contents.tree[LayerPath("/usr/bin/app")] == .file(script))
        #expect(contents.tree[LayerPath("usr/bin/other")] == .file(script))
        #expect(contents.tree[LayerPath("bin")] == .symbolicLink(to: Array("usr/bin".utf8)))
        #expect(contents.tree[LayerPath("usr/bin")] == .directory)
        let users = LayerEntry.File(
            isExecutable: false,
            head: .configuration(FileStart(Array("root".utf8), isComplete: true)))
        #expect(contents.tree[LayerPath("etc/passwd")] == .file(users))
        #expect(contents.tree[LayerPath("etc")] == nil)
        #expect(contents.tree.hasEntries(in: PathKey(LayerPath("etc"))))
        #expect(contents.tree.hasWhiteout(of: PathKey(LayerPath("etc/shadow"))))
        #expect(contents.tree.hidesContents(of: PathKey(LayerPath("var"))))
        #expect(!contents.tree.hasWhiteout(of: PathKey(LayerPath("var"))))
    }

    @Test(arguments: [1, 511, 100_000]) func `chunks of any size give the same result`(
        _ size: Int
    ) async throws {
        let gzip = StoredGzip.bytes(Self.archive)
        let contents = try await LayerSample.scan(gzip, .gzip, pieces: size).get()
        #expect(contents.diffID == .of(Self.archive))
    }
}

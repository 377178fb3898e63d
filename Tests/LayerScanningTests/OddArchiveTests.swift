// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Testing

@Suite struct OddArchiveTests {
    private static let program = LayerEntry.file(
        LayerEntry.File(
            isExecutable: true,
            head: .script(FileStart(Array("#!/bin/sh\n".utf8), isComplete: true))))
    private static let script = Array("#!/bin/sh\n".utf8)

    private static func tree(_ archive: [UInt8]) async throws -> LayerFileTree {
        try await LayerSample.scan(archive + RawArchive.end).get().tree
    }

    @Test(arguments: [
        ("../../../etc/cron.d/x", "etc/cron.d/x"), ("/etc/x", "etc/x"), ("./a//b/./c", "a/b/c"),
        ("a/../../b", "b"), ("....//x", "..../x"),
    ])
    func `C07 a path that leaves the root is a path below it`(
        _ name: String, _ path: String
    ) async throws {
        let tree = try await Self.tree(RawArchive.entry(name, ELFFile.arm64.bytes))
        #expect(tree[LayerPath(path)] != nil)
        #expect(tree.elfPaths.values.map(\.bytes) == [Array(path.utf8)])
    }

    @Test func `C07 links to files outside are not followed`() async throws {
        let tree = try await Self.tree(
            RawArchive.entry("a", kind: "2", link: "../../../../etc/shadow")
                + RawArchive.entry("b", kind: "1", link: "/etc/shadow"))
        #expect(tree[LayerPath("a")] == .symbolicLink(to: Array("../../../../etc/shadow".utf8)))
        #expect(tree[LayerPath("b")] == .hardLink(to: LayerPath("etc/shadow")))
    }

    @Test(arguments: ["3", "4", "6"]) func `C07 devices and pipes are not files`(
        _ kind: Character
    ) async throws {
        let tree = try await Self.tree(RawArchive.entry("dev/x", kind: kind))
        #expect(tree[LayerPath("dev/x")] == .special)
    }

    @Test(.disabled(if: Sanitizer.isActive, "A sanitizer opens files and starts a thread."))
    func `C07 a scan opens no file and starts no program`() async throws {
        let strace = try #require(Subprocess.locate("strace", path: "/usr/bin:/bin"))
        let archive = RawArchive.entry("../../tmp/ocimirror-escape", Self.script) + RawArchive.end
        let output = try await Subprocess.run(
            executable: strace,
            arguments: ["-f", "-e", "trace=open,openat,creat,mkdir,execve,clone,clone3,socket"]
                + [LayerSample.program] + LayerSample.words(.none),
            environment: [:], input: archive,
            limits: ChildLimits(time: .seconds(300), outputByteCount: 8 << 20))
        #expect(output.termination == .exited(0))
        let calls = String(decoding: output.standardError, as: UTF8.self)
            .split(separator: "\n")
        // The files that are opened after the loader has finished are libraries.
        #expect(calls.contains { $0.contains("execve") })
        #expect(!calls.contains { $0.contains("O_CREAT") || $0.contains("O_WRONLY") })
        #expect(!calls.contains { $0.contains("ocimirror-escape") })
        // With the parenthesis, because paths may contain these words.
        #expect(!calls.contains { $0.contains("clone(") || $0.contains("clone3(") })
        #expect(!calls.contains { $0.contains("socket(") })
    }

    @Test(.disabled(if: Sanitizer.isActive, "The filter of system calls is not installed."))
    func `C07 a scan worker can make no other system calls`() async throws {
        // The child has received a byte and waits for more, so its filter is installed.
        let script = """
            mkfifo "$1/feed"
            "$0" \(LayerSample.words(.none).joined(separator: " ")) <"$1/feed" >/dev/null &
            exec 3>"$1/feed"
            printf x >&3
            until grep -q '^Seccomp:.*2' /proc/$!/status; do kill -0 $! || exit 1; done
            grep -E '^(NoNewPrivs|Seccomp):' /proc/$!/status
            grep -E '^Max (open files|file size|core file size|processes) ' /proc/$!/limits
            """
        let folder = try TemporaryFolder()
        let output = try await Subprocess.run(
            executable: "/bin/sh", arguments: ["-c", script, LayerSample.program, folder.path],
            environment: ["PATH": "/usr/bin:/bin"],
            limits: ChildLimits(time: .seconds(120), outputByteCount: 64 << 10))
        let words = String(decoding: output.standardOutput, as: UTF8.self)
            .split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).prefix(5) }
        #expect(output.termination == .exited(0))
        #expect(words.contains(["NoNewPrivs:", "1"]))
        #expect(words.contains(["Seccomp:", "2"]))
        #expect(words.contains(["Max", "open", "files", "3", "3"]))
        #expect(words.contains(["Max", "file", "size", "0", "0"]))
        #expect(words.contains(["Max", "processes", "0", "0", "processes"]))
    }

    @Test func `C08 unusual paths are preserved`() async throws {
        let names = ["new\nline", "esc\u{1B}[31m", "ümlaut", "日本"]
        for name in names {
            let tree = try await Self.tree(
                RawArchive.extended([("path", Array("bin/\(name)".utf8))])
                    + RawArchive.entry("short", Self.script))
            #expect(tree[LayerPath("bin/\(name)")] == Self.program)
        }
        let tree = try await Self.tree(
            RawArchive.header([0x62, 0xFF, 0xFE], sizeField: Array("00000000000\u{0}".utf8)))
        #expect(tree[LayerPath([0x62, 0xFF, 0xFE])] != nil)
    }

    @Test func `C08 a path of nine hundred thousand bytes is rejected`() async throws {
        let long = [UInt8](repeating: 0x61, count: 900_000)
        let fault = try await LayerSample.fault(
            RawArchive.extended([("path", long)]) + RawArchive.entry("x", Self.script)
                + RawArchive.end)
        #expect(
            fault == .malformed(.pathTooLong) || fault == .malformed(.corruptArchive)
                || fault == .malformed(.notAnArchive))
    }

    @Test func `C08 a truncated file is malformed`() async throws {
        for size in ["99999999999999", "100000"] {
            let fault = try await LayerSample.fault(
                RawArchive.extended([("size", Array(size.utf8))])
                    + RawArchive.entry("x", Self.script) + RawArchive.end)
            #expect(fault == .malformed(.corruptArchive))
        }
    }

    @Test(arguments: [
        [UInt8](repeating: 0xFF, count: 12), [0x80] + [UInt8](repeating: 0xFF, count: 11),
        [0xFF] + [UInt8](repeating: 0, count: 11), Array("-0000000001\u{0}".utf8),
    ])
    func `C08 negative and huge sizes do not trap`(
        _ field: [UInt8]
    ) async throws {
        let fault = try await LayerSample.fault(
            RawArchive.header(Array("x".utf8), sizeField: field) + RawArchive.end)
        if let fault { #expect(fault.isMalformation) }
    }

    @Test(arguments: [0, 512, 1024]) func `C08 an empty archive is valid`(
        _ count: Int
    ) async throws {
        let bytes = [UInt8](repeating: 0, count: count)
        for (file, compression) in [
            (bytes, LayerCompression.none), (bytes, .gzip), (StoredGzip.bytes(bytes), .gzip),
        ] {
            let nothing = try await LayerSample.scan(file, compression).get()
            #expect(nothing.diffID == .of(bytes))
            #expect(nothing.tree.byteCount == 0)
        }
    }

    @Test func `C08 the end of an archive may lack its padding and its end blocks`() async throws {
        let entry = RawArchive.entry("x", Self.script)
        let length = 512 + Self.script.count
        for count in [length, length + 1, entry.count, entry.count + 512] {
            let archive = Array((entry + RawArchive.end).prefix(count))
            let contents = try await LayerSample.scan(archive).get()
            #expect(contents.diffID == .of(archive))
            #expect(contents.tree[LayerPath("x")] == Self.program)
        }
        for count in [length - 1, entry.count + 1, entry.count + 513] {
            let archive = Array((entry + RawArchive.end).prefix(count))
            #expect(try await LayerSample.fault(archive) == .malformed(.corruptArchive))
        }
    }

    @Test(arguments: ["7", "S", "D", "M", "N", "V", "X", "A", "s", "8", "\u{7F}"])
    func `C08 an entry of a type that runtimes reject is malformed`(
        _ kind: Character
    ) async throws {
        let fault = try await LayerSample.fault(
            RawArchive.entry("x", kind: kind) + RawArchive.end)
        #expect(fault == .malformed(.unsupportedEntry))
    }

    @Test func `C08 the name of an old header with a slash at its end is a directory`() async throws
    {
        let tree = try await Self.tree(
            RawArchive.entry("d/", kind: "\0") + RawArchive.entry("f", kind: "\0", Self.script))
        #expect(tree[LayerPath("d")] == .directory)
        #expect(tree[LayerPath("f")] == Self.program)
    }

    @Test func `C08 names, sizes and links of headers before an entry have priority`() async throws
    {
        let tree = try await Self.tree(
            RawArchive.extended([("path", Array("long/name".utf8)), ("size", Array("10".utf8))])
                + RawArchive.header(
                    Array("x".utf8), sizeField: Array("00000000000\0".utf8))
                + RawArchive.padded(Self.script)
                + RawArchive.entry("@", kind: "L", Array("other/name\0".utf8))
                + RawArchive.entry("@", kind: "K", Array("to/this\0".utf8))
                + RawArchive.entry("y", kind: "2", link: "z"))
        #expect(tree[LayerPath("long/name")] == Self.program)
        #expect(tree[LayerPath("other/name")] == .symbolicLink(to: Array("to/this".utf8)))
    }

    @Test func `C08 global headers, empty records and sparse maps are harmless`() async throws {
        let archives = [
            RawArchive.extended([("comment", Array("x".utf8))], kind: "g"),
            RawArchive.extended([("path", [])]),
            RawArchive.extended([
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)),
                ("GNU.sparse.realsize", Array("99999999999".utf8)),
            ]),
            RawArchive.extended([
                ("GNU.sparse.size", Array("999999999999".utf8)),
                ("GNU.sparse.numblocks", Array("1".utf8)),
                ("GNU.sparse.offset", Array("999999990000".utf8)),
                ("GNU.sparse.numbytes", Array("10".utf8)),
            ]),
        ]
        for archive in archives {
            let fault = try await LayerSample.fault(
                archive + RawArchive.entry("x", Self.script) + RawArchive.end)
            if let fault { #expect(fault.isMalformation) }
        }
    }

    @Test func `the last of two equal paths counts, and a hard link keeps its file`()
        async throws
    {
        let tree = try await Self.tree(
            RawArchive.entry("a", Self.script) + RawArchive.entry("b", kind: "1", link: "a")
                + RawArchive.entry("a", Array("data".utf8), mode: "0000644"))
        #expect(tree[LayerPath("a")] == .file(.data))
        #expect(tree[LayerPath("b")] == Self.program)
    }
}

extension LayerScanError {
    fileprivate var isMalformation: Bool {
        if case .malformed = self { true } else { false }
    }
}

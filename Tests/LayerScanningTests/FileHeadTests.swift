// SPDX-License-Identifier: Apache-2.0

import LayerScanning
import RegistryTestSupport
import Testing

/// The text of scripts, and the libraries of ELF files.
@Suite(.timeLimit(.minutes(10))) struct FileHeadTests {
    private static func head(_ content: [UInt8], at path: String = "app") async throws
        -> LayerEntry.Head?
    {
        let archive = RawArchive.entry(path, content) + RawArchive.end
        let entry = try await LayerSample.scan(archive).get().tree[LayerPath(path)]
        guard case .file(let file) = entry else { return nil }
        return file.head
    }

    private static func header(_ file: ELFFile) async throws -> ELFHeader {
        guard case .elf(let header) = try await head(file.bytes) else {
            throw LayerScanError.malformed(.corrupt)
        }
        return header
    }

    @Test(arguments: [
        "#!/bin/sh\nexec app\n", "#! /bin/bash -e\n", "#!/usr/bin/env dash\n", "#!/bin/sh",
        "#!/bin/sh\r\n", "#!/command/with-contenv bash\n",
    ])
    func `the text of a shell script is known`(_ text: String) async throws {
        let head = try await Self.head(Array(text.utf8))
        #expect(head == .script(FileStart(Array(text.utf8), isComplete: true)))
    }

    @Test(arguments: ["#!/usr/bin/python3 -u\nimport os\n", "#!/bin/shred\n-\n", "#!\nx\n"])
    func `of other scripts, the text of the first ones is known`(_ text: String) async throws {
        let head = try await Self.head(Array(text.utf8))
        #expect(head == .script(FileStart(Array(text.utf8), isComplete: true)))
        let long = Array((text + String(repeating: "#", count: 4096)).utf8)
        let archive = (0..<600).flatMap { RawArchive.entry("\($0)", long) } + RawArchive.end
        let tree = try await LayerSample.scan(archive).get().tree
        let line = FileStart(Array(text.utf8.prefix { $0 != 0x0A }), isComplete: false)
        guard case .file(let last) = tree[LayerPath("599")] else {
            Issue.record("the last script is missing")
            return
        }
        #expect(last.head == .script(line))
    }

    @Test(arguments: [(4096, 4096, true), (4097, 4096, false), (100_000, 4096, false)])
    func `the text of a script is limited`(
        _ count: Int, _ known: Int, _ isComplete: Bool
    ) async throws {
        let line = Array("#!/bin/sh\n".utf8)
        let text = line + [UInt8](repeating: 0x23, count: count - line.count)
        #expect(
            try await Self.head(text)
                == .script(FileStart(Array(text.prefix(known)), isComplete: isComplete)))
    }

    @Test func `the text of all scripts of a layer is limited`() async throws {
        let line = Array("#!/bin/sh\n".utf8)
        let text = line + [UInt8](repeating: 0x23, count: 4096 - line.count)
        let archive = (0..<1100).flatMap { RawArchive.entry("\($0)", text) } + RawArchive.end
        let tree = try await LayerSample.scan(archive).get().tree
        let counts = (0..<1100).map { number -> Int in
            guard case .file(let file) = tree[LayerPath("\(number)")],
                case .script(let start) = file.head
            else { return 0 }
            return start.bytes.count
        }
        #expect(counts == Array(repeating: 4096, count: 1024) + Array(repeating: 256, count: 76))
    }

    @Test(arguments: [
        "etc/ld.so.conf", "etc/ld.so.conf.d/a.conf", "etc/ld.so.cache", "etc/ld-musl-x86_64.path",
    ])
    func `the configuration of the dynamic loader is known`(_ path: String) async throws {
        let text = Array("/opt/lib\n".utf8)
        #expect(
            try await Self.head(text, at: path)
                == .configuration(FileStart(text, isComplete: true)))
        #expect(try await Self.head(text, at: "opt/\(path)") == .data)
    }

    @Test(arguments: [0, 5000, (8 << 20) - 100, (8 << 20) + 5000])
    func `loader and libraries are known wherever their tables are`(_ gap: Int) async throws {
        for (is64Bit, isLittleEndian) in [(true, true), (false, true), (true, false)] {
            var file = ELFFile(machine: 183, is64Bit: is64Bit, isLittleEndian: isLittleEndian)
            file.loader = "/lib/ld-linux-aarch64.so.1"
            file.libraries = ["libssl.so.3", "libc.so.6"]
            file.name = "libapp.so.1"
            file.runPath = "$ORIGIN/../lib"
            file.olderRunPath = "/opt"
            file.gap = gap
            let header = try await Self.header(file)
            #expect(header.loader == Array("/lib/ld-linux-aarch64.so.1".utf8))
            #expect(
                header.linkage
                    == .dynamic(
                        ELFHeader.DynamicSection(
                            needed: ["libssl.so.3", "libc.so.6"].map { Array($0.utf8) },
                            name: Array("libapp.so.1".utf8),
                            runPath: Array("$ORIGIN/../lib".utf8),
                            olderRunPath: Array("/opt".utf8))))
        }
    }

    @Test func `a static program requires no library`() async throws {
        #expect(try await Self.header(.arm64).linkage == .selfContained)
    }

    @Test func `tables outside the file are notChecked`() async throws {
        var bytes = ELFFile.arm64.loaded(by: "/lib/ld.so").needing("libc.so.6").bytes
        // The offset of the program headers.
        bytes[36] = 0xFF
        guard case .elf(let header) = try await Self.head(bytes) else {
            Issue.record("not an ELF file")
            return
        }
        #expect(header.linkage == .notChecked)
        #expect(header.loader == nil)
    }
}

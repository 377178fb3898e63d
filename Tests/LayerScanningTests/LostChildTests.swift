// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Glibc
import Hashing
import OCI
import RegistryTestSupport
import Testing

@testable import LayerScanning

/// Processes that crash, are killed, or are another program.
@Suite(.timeLimit(.minutes(10))) struct `Lost scan processes` {
    private static let archive = TarArchive.bytes([
        .file("bin/app", [UInt8](repeating: 7, count: 3 << 20))
    ])
    /// More bytes than the buffers between a scanner and its child hold.
    private static let startByteCount = 1 << 20

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Returns a scanner whose process runs a shell command first, and stores its process id.
    private func scanner(after command: String = ":", concurrency: Int = 1) throws -> LayerScanner {
        let path = try folder.write(
            """
            #!/bin/sh
            echo $$ >'\(folder.path)/server'
            \(command)
            exec '\(LayerSample.program)' "$@"
            """, to: "program")
        try #require(unsafe chmod(path, 0o700) == 0)
        return LayerScanner(program: path, concurrency: concurrency)
    }

    private func server() throws -> pid_t {
        try #require(pid_t(folder.text("server").trimmingLineEnd))
    }

    /// Writes the start of the archive, and waits until the child has read some of it.
    private func writeStart(to input: ChildInput) async throws {
        // The last part is accepted when the first has left the buffer, and the pipe cannot hold
        // all of that.
        let half = Self.startByteCount / 2
        try await input.write(Array(Self.archive[..<half]))
        try await input.write(Array(Self.archive[half..<Self.startByteCount]))
        try await input.write([Self.archive[Self.startByteCount]])
    }

    private func writeRest(to input: ChildInput) async throws {
        try await input.write(Array(Self.archive.dropFirst(Self.startByteCount + 1)))
    }

    /// Runs a shell command with the children of the server as its arguments.
    private func withChildren(of server: pid_t, _ command: String) async throws -> String {
        try await shell("set -- $(cat /proc/\(server)/task/\(server)/children)\n\(command)")
    }

    private func shell(_ script: String) async throws -> String {
        let output = try await Subprocess.run(
            executable: "/bin/sh", arguments: ["-c", script],
            environment: ["PATH": "/usr/bin:/bin"],
            limits: ChildLimits(time: .seconds(600), outputByteCount: 64 << 10))
        #expect(output.termination == .exited(0))
        return String(decoding: output.standardOutput, as: UTF8.self)
    }

    private func scan(
        _ scanner: LayerScanner, _ read: (ChildInput) async throws -> Void
    ) async throws -> LayerScanResult {
        try await scanner.scanBytes(of: LayerSample.layer(Self.archive), writing: read)
    }

    private static func error(
        _ result: LayerScanResult
    ) -> LayerScanError? {
        if case .failure(let error) = result { error } else { nil }
    }

    @Test(arguments: ["/nonexistent/ocimirror", "/bin/false", "/bin/true", "/bin/echo", "/bin/cat"])
    func `a program that is not a scan worker is a failed scan`(program: String) async throws {
        let scanner = LayerScanner(program: program, concurrency: 1)
        let result = try await scan(scanner) { input in
            for _ in 0..<2 { try await input.write(Self.archive) }
        }
        #expect(Self.error(result)?.description.hasPrefix("scan process ") == true)
    }

    @Test func `a child that crashes is a failed scan of its layer only`() async throws {
        let scanner = try scanner(concurrency: 2)
        let other = ChildInput()
        let key = try LayerSample.layer(Self.archive)
        async let survivor = scanner.runChild(for: key, feeding: other)
        try await writeStart(to: other)
        let result = try await scan(scanner) { input in
            try await writeStart(to: input)
            _ = try await withChildren(of: try server(), "kill -ABRT $2")
        }
        try await writeRest(to: other)
        other.end()
        let both = [result, try await survivor]
        let errors = both.compactMap(Self.error)
        #expect(errors == [.scan("scan process terminated by signal 6")])
        #expect(both.contains { (try? $0.get().diffID) == .of(Self.archive) })
    }

    @Test func `a server that ends is started again`() async throws {
        let scanner = try scanner()
        for _ in 0..<2 {
            let result = try await scan(scanner) { input in
                try await writeStart(to: input)
                _ = try await shell("kill -KILL \(try server())")
            }
            #expect(Self.error(result) != nil)
        }
        let result = try await scan(scanner) { try await $0.write(Self.archive) }
        #expect(try result.get().diffID == .of(Self.archive))
    }

    @Test func `a server that always ends is started a limited number of times`() async throws {
        let scanner = try scanner(after: "echo start >>'\(folder.path)/starts'; exit 1")
        for _ in 0..<20 {
            let result = try await scan(scanner) { try await $0.write(Self.archive) }
            #expect(Self.error(result) != nil)
        }
        #expect((2...5).contains(folder.text("starts").split(separator: "\n").count))
    }

    @Test func `children end with their server`() async throws {
        let scanner = try scanner()
        var children = ""
        let result = try await scan(scanner) { input in
            try await writeStart(to: input)
            let server = try server()
            children = try await withChildren(of: server, "echo $1; kill -KILL \(server)")
        }
        #expect(Self.error(result) != nil)
        let child = try #require(pid_t(children.trimmingLineEnd))
        // A zombie has ended too.
        _ = try await shell(
            "while grep -q '^State:.[RSD]' /proc/\(child)/status 2>/dev/null; do sleep 0.01; done")
    }

    @Test(.disabled(if: Sanitizer.isActive, "The filter of system calls is not installed."))
    func `a forked child is confined`() async throws {
        let scanner = try scanner()
        var confinement = ""
        let result = try await scan(scanner) { input in
            try await writeStart(to: input)
            confinement = try await withChildren(
                of: try server(),
                """
                grep -E '^(NoNewPrivs|Seccomp):' /proc/$1/status
                grep -E '^Max (open files|file size|core file size|processes) ' /proc/$1/limits
                ls /proc/$1/fd
                """)
            try await writeRest(to: input)
        }
        #expect(try result.get().diffID == .of(Self.archive))
        let lines = confinement.split(separator: "\n").map {
            $0.split(whereSeparator: \.isWhitespace).prefix(5)
        }
        #expect(lines.contains(["NoNewPrivs:", "1"]))
        #expect(lines.contains(["Seccomp:", "2"]))
        #expect(lines.contains(["Max", "open", "files", "3", "3"]))
        #expect(lines.contains(["Max", "file", "size", "0", "0"]))
        #expect(lines.contains(["Max", "processes", "0", "0", "processes"]))
        // Its input, output and errors only.
        #expect(lines.suffix(3) == [["0"], ["1"], ["2"]])
        #expect(!lines.contains(["3"]))
    }

    @Test func `concurrent scans wait for each other`() async throws {
        let scanner = LayerScanner(program: LayerSample.program, concurrency: 2)
        let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    try await scan(scanner) { try await $0.write(Self.archive) }.get().diffID
                }
            }
            return try await group.reduce(into: Set<Digest>()) { $0.insert($1) }
        }
        #expect(digests == [.of(Self.archive)])
    }

    @Test func `an abandoned or canceled scan lets others start`() async throws {
        let scanner = LayerScanner(program: LayerSample.program, concurrency: 1)
        let key = try LayerSample.layer(Self.archive)
        let abandoned = ChildInput()
        let first = Task { try await scanner.runChild(for: key, feeding: abandoned) }
        try await abandoned.write(Array(Self.archive.prefix(512)))
        abandoned.abandon()
        await #expect(throws: CancellationError.self) { _ = try await first.value }
        let input = ChildInput()
        let canceled = Task { try await scanner.runChild(for: key, feeding: input) }
        try await input.write(Array(Self.archive.prefix(512)))
        canceled.cancel()
        await #expect(throws: CancellationError.self) { _ = try await canceled.value }
        let result = try await scan(scanner) { try await $0.write(Self.archive) }
        #expect(try result.get().diffID == .of(Self.archive))
    }
}

extension String {
    fileprivate var trimmingLineEnd: String { String(prefix { !$0.isNewline }) }
}

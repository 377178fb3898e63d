// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct ChildTests {
    /// Limits that no test reaches unintentionally.
    private static let ample = ChildLimits(time: .seconds(120), outputByteCount: 8 << 20)
    private static let searchPath = "/usr/local/bin:/usr/bin:/bin"

    private func run(
        _ name: String, _ arguments: String..., environment: [String: String] = [:],
        input: [UInt8] = [], limits: ChildLimits = ample
    ) async throws -> ChildOutput {
        let executable = try #require(Subprocess.locate(name, path: Self.searchPath))
        return try await Subprocess.run(
            executable: executable, arguments: arguments, environment: environment, input: input,
            limits: limits)
    }

    private func shell(
        _ script: String, environment: [String: String] = [:], limits: ChildLimits = ample
    ) async throws -> ChildOutput {
        try await run("sh", "-c", script, environment: environment, limits: limits)
    }

    @Test func `standard output and standard error are separate`() async throws {
        let output = try await shell("echo out; echo err >&2")
        #expect(output.termination == .exited(0))
        #expect(output.standardOutput == Array("out\n".utf8))
        #expect(output.standardError == Array("err\n".utf8))
    }

    @Test func `exit statuses and signals are distinguished`() async throws {
        #expect(try await shell("exit 3").termination == .exited(3))
        #expect(try await shell("exit 255").termination == .exited(255))
        #expect(try await shell("kill -TERM $$").termination == .signalled(SIGTERM))
    }

    @Test func `arguments are passed unchanged, without a shell`() async throws {
        let output = try await run("printf", "%s|", "a b", "$HOME", "", "*", "é")
        #expect(String(decoding: output.standardOutput, as: UTF8.self) == "a b|$HOME||*|é|")
    }

    @Test func `the environment is exactly the given one`() async throws {
        let output = try await run("env", environment: ["B": "2=2", "A": ""])
        #expect(String(decoding: output.standardOutput, as: UTF8.self) == "A=\nB=2=2\n")
    }

    @Test func `a mebibyte of input and output does not deadlock`() async throws {
        let bytes = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let output = try await run("cat", input: bytes)
        #expect(output.standardOutput == bytes)
    }

    @Test func `a child that does not read its input is harmless`() async throws {
        let output = try await run("true", input: [UInt8](repeating: 0, count: 1 << 20))
        #expect(output.termination == .exited(0))
    }

    @Test func `an empty input ends immediately`() async throws {
        #expect(try await run("cat").standardOutput == [])
    }

    @Test func `the child inherits no open files`() async throws {
        let leak = unsafe open("/dev/null", O_RDONLY)
        defer { close(leak) }
        let output = try await shell("exec ls /proc/self/fd")
        let names = String(decoding: output.standardOutput, as: UTF8.self).split(separator: "\n")
        // The fourth is the directory that `ls` reads.
        #expect(names == ["0", "1", "2", "3"])
    }

    @Test func `a child has its own process group and default signal handling`()
        async throws
    {
        let output = try await shell(
            "read -r _ _ _ _ group _ </proc/$$/stat; [ $group = $$ ] && echo own; "
                + "while read -r name mask; do case $name in Sig[BI]*) echo $mask; esac; done "
                + "</proc/self/status")
        let lines = String(decoding: output.standardOutput, as: UTF8.self)
            .split(separator: "\n")
        #expect(lines.first == "own")
        // glibc reserves the first two real-time signals.
        let masks = lines.dropFirst().compactMap { UInt64($0, radix: 16) }
        #expect(masks.map { $0 & 0x7FFF_FFFF } == [0, 0])
    }

    @Test func `a child that exceeds the time limit is killed`() async throws {
        let limits = ChildLimits(time: .milliseconds(50), outputByteCount: 0)
        let error = await #expect(throws: ChildProcessError.self) {
            try await run("sleep", "60", limits: limits)
        }
        #expect(error?.cause == .timeLimit(.milliseconds(50)))
    }

    @Test func `killing a child kills its process group`() async throws {
        // Only the grandchild has the write end of a named pipe, which no other program can
        // inherit. The pipe is closed when the grandchild has ended. Only a failure waits for the
        // whole ten seconds.
        let limits = ChildLimits(time: .seconds(120), outputByteCount: 10)
        let path = "/tmp/ocimirror-\(UInt64.random(in: 0 ... .max)).pipe"
        try #require(unsafe mkfifo(path, 0o600) == 0)
        defer { unsafe unlink(path) }
        let reading = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reading) }
        let script = "exec 3>\(path); sleep 60 & echo more than ten bytes; wait"
        await #expect(throws: ChildProcessError.self) { try await shell(script, limits: limits) }
        var entry = pollfd(fd: reading, events: 0, revents: 0)
        #expect(unsafe poll(&entry, 1, 10_000) == 1)
    }

    @Test(arguments: ["yes", "yes >&2"])
    func `a child that exceeds the output limit is killed`(script: String) async throws {
        let limits = ChildLimits(time: .seconds(120), outputByteCount: 1000)
        let error = await #expect(throws: ChildProcessError.self) {
            try await shell(script, limits: limits)
        }
        #expect(error?.cause == .outputLimit(1000))
    }

    @Test func `output up to the limit is accepted`() async throws {
        let limits = ChildLimits(time: .seconds(120), outputByteCount: 4)
        #expect(try await shell("echo abc", limits: limits).standardOutput.count == 4)
        let error = await #expect(throws: ChildProcessError.self) {
            try await shell("echo abcd", limits: limits)
        }
        #expect(error?.cause == .outputLimit(4))
    }

    @Test func `a remaining grandchild is not awaited`() async throws {
        let output = try await shell("sleep 5 & echo done")
        #expect(output.standardOutput == Array("done\n".utf8))
    }

    @Test func `canceling the task kills the child`() async throws {
        let task = Task { try await run("sleep", "60") }
        task.cancel()
        let error = await #expect(throws: ChildProcessError.self) { try await task.value }
        #expect(error?.cause == .canceled)
    }

    @Test func `concurrent children do not block each other`() async throws {
        let statuses = try await withThrowingTaskGroup { group in
            for status in 0..<32 {
                group.addTask { try await shell("exit \(status)").termination }
            }
            return try await group.reduce(into: Set<Termination>()) { $0.insert($1) }
        }
        #expect(statuses == Set((0..<32).map { .exited($0) }))
    }
}

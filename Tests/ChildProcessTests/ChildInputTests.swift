// SPDX-License-Identifier: Apache-2.0

@testable import ChildProcess
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct ChildInputTests {
    private static let ample = ChildLimits(time: .seconds(120), outputByteCount: 8 << 20)

    /// Runs a shell script while `feed` writes its input.
    private func shell(
        _ script: String, limits: ChildLimits = ample,
        feed: @escaping @Sendable (ChildInput) async throws -> Void
    ) async throws -> ChildOutput {
        let input = ChildInput()
        async let output = run("/bin/sh", ["-c", script], feeding: input, limits: limits)
        try await feed(input)
        return try await output
    }

    private func run(
        _ program: String, _ arguments: [String], feeding input: ChildInput, limits: ChildLimits
    ) async throws -> ChildOutput {
        defer { input.close() }
        let invocation = try ChildInvocation(
            program, arguments: arguments, environment: ["PATH": "/usr/bin:/bin"])
        return try await ChildSession.run(program, feeding: input, within: limits) {
            () throws(ChildProcessError) in
            try SpawnedChild.start(invocation)
        }
    }

    @Test func `chunks arrive in order while the child runs`() async throws {
        let output = try await shell("cat") { input in
            for descriptor in 0..<2000 { try await input.write(Array("\(descriptor)\n".utf8)) }
            input.end()
        }
        let lines = String(decoding: output.standardOutput, as: UTF8.self).split(separator: "\n")
        #expect(lines.map(String.init) == (0..<2000).map(String.init))
    }

    @Test func `the input may exceed the buffer`() async throws {
        let chunk = [UInt8](repeating: 65, count: 1 << 20)
        let output = try await shell("wc -c") { input in
            for _ in 0..<64 { try await input.write(chunk) }
            input.end()
        }
        #expect(output.standardOutput == Array("\(64 << 20)\n".utf8))
    }

    @Test func `a child that exits early does not block the writer`() async throws {
        let chunk = [UInt8](repeating: 65, count: 1 << 20)
        let output = try await shell("exit 3") { input in
            for _ in 0..<16 { try await input.write(chunk) }
            input.end()
        }
        #expect(output.termination == .exited(3))
    }

    @Test func `abandoning the input kills the child, also one that is not yet started`()
        async throws
    {
        for isEarly in [true, false] {
            let error = await #expect(throws: ChildProcessError.self) {
                try await shell("cat; sleep 60") { input in
                    if isEarly { input.abandon() }
                    try await input.write([65])
                    input.abandon()
                }
            }
            #expect(error?.cause == .canceled)
        }
    }

    @Test func `a reader waits for the first chunk, the end, or until the input is abandoned`()
        async throws
    {
        let (filled, ended, abandoned) = (ChildInput(), ChildInput(), ChildInput())
        async let bytes: Void = filled.waitUntilAvailable()
        async let end: Void = ended.waitUntilAvailable()
        let nothing = Task { try await abandoned.waitUntilAvailable() }
        try await filled.write([65])
        ended.end()
        abandoned.abandon()
        try await bytes
        try await end
        await #expect(throws: CancellationError.self) { try await nothing.value }
    }

    @Test func `an input without chunks is empty`() async throws {
        let output = try await shell("wc -c") { $0.end() }
        #expect(output.standardOutput == Array("0\n".utf8))
    }

    @Test func `a child that does not read its input is killed`() async throws {
        let limits = ChildLimits(time: .milliseconds(50), outputByteCount: 0)
        let error = await #expect(throws: ChildProcessError.self) {
            try await shell("exec sleep 60", limits: limits) { input in
                for _ in 0..<4 { try await input.write([UInt8](repeating: 65, count: 1 << 20)) }
            }
        }
        #expect(error?.cause == .timeLimit(.milliseconds(50)))
    }

    @Test func `the time limit does not apply while a child waits for input`() async throws {
        let input = ChildInput()
        let limits = ChildLimits(time: .milliseconds(50), outputByteCount: 0)
        let waiting = Task { try await run("/bin/cat", [], feeding: input, limits: limits) }
        // Another child that takes longer than the limit.
        _ = try await Subprocess.run(
            executable: "/bin/sleep", arguments: ["0.2"], environment: [:], limits: Self.ample)
        waiting.cancel()
        let error = await #expect(throws: ChildProcessError.self) { try await waiting.value }
        #expect(error?.cause == .canceled)
    }

    @Test func `a canceled writer stops waiting`() async throws {
        let input = ChildInput()
        let writer = Task {
            while true { try await input.write([UInt8](repeating: 65, count: 1 << 20)) }
        }
        writer.cancel()
        await #expect(throws: CancellationError.self) { try await writer.value }
    }
}

// SPDX-License-Identifier: Apache-2.0

import LayerScanning
import OCI
import RegistryTestSupport
import Testing

@testable import Validation

/// Scripts that would keep the resolver busy forever, or exhaust the memory.
@Suite struct HostileScriptTests {
    private static let config: ImageConfig? = try? ImageConfig(
        bytes: Array(
            #"{"os":"linux","architecture":"arm64","rootfs":{"diff_ids":[]}}"#.utf8))

    /// Follows a script whose programs are all unknown.
    private static func executions(
        _ script: [UInt8], _ arguments: [String] = []
    ) throws -> [StartedPrograms.Execution] {
        let config = try #require(config)
        let tracer = StartTracer(RootFileSystem(layers: [nil]), CPUArchitecture(.linuxARM64))
        var run = ShellRun(tracer, script: LayerPath("x"), shell: LayerPath("bash"), depth: 0)
        let state = ShellState(
            process: ProcessState(config), name: Argument("x"),
            arguments: arguments.map { Argument($0) })
        return run.follow(script, isComplete: true, state)
    }

    @Test(arguments: [
        String(repeating: "A=$A$A$A; ", count: 400),
        "A=x\n" + String(repeating: "A=$A$A\n", count: 400) + "exec $A",
        String(repeating: "set -- \"$@\" \"$@\" x\n", count: 200),
        String(repeating: "set -- \"$*$*$*x\"\n", count: 200),
        "f() { f; f; }\nf\n",
        "f() { g; g; }\ng() { f; f; }\nf || f && f",
        "f() { " + String(repeating: "if a; then f; fi; ", count: 100) + "}\nf",
        (0..<250).map { "if a; then A\($0)=1; fi\n" }.joined(),
        (0..<250).map { "a && exec b\($0)\n" }.joined(),
        String(repeating: "while a; do ", count: 300),
        String(repeating: "while a; do ", count: 20) + String(repeating: "done;", count: 20),
        String(repeating: "(", count: 4000), String(repeating: "$(", count: 2000),
        String(repeating: "{ ", count: 2000), String(repeating: "! ", count: 2000) + "a",
        String(repeating: "${A:-", count: 800), String(repeating: "\"$(", count: 1300),
        String(repeating: "`", count: 4001), String(repeating: "a <<E\n", count: 600),
        String(repeating: "a|", count: 2000) + "a", String(repeating: "a&&", count: 1300) + "a",
        "case x in " + String(repeating: "*x*x*x*x*x*x*x*x*y|", count: 200) + "z) a;; esac",
        "A=" + String(repeating: "x", count: 4000) + "\ncase $A in "
            + String(repeating: "*x", count: 1000) + "y) b;; esac",
        ". ./x; . ./x; eval x; alias a=b; trap",
    ])
    func `hostile scripts end`(_ script: String) throws {
        #expect(try !Self.executions(Array(script.utf8)).isEmpty)
    }

    @Test func `large arguments and environments are limited`() throws {
        let long = String(repeating: "x", count: 1 << 20)
        let script = String(repeating: "set -- \"$@\" y\nif a; then B=$1; fi\n", count: 100)
        #expect(try !Self.executions(Array(script.utf8), [long, long]).isEmpty)
    }

    /// Random sequences of tokens, and random changes of them.
    @Test func `random scripts end`() throws {
        let tokens = [
            " ", "\n", ";", "&", "&&", "||", "|", "(", ")", "{", "}", "if ", "then ", "elif ",
            "else ", "fi", "case ", "in ", "esac", ";;", "while ", "do ", "done", "for ", "a", "=",
            "'", "\"", "`", "$", "$(", "${", "$((", "))", "[[ ", " ]]", "[ ", " ]", "<<E", "E\n",
            ">", "<", "2>&1", "#", "\\", "*", "?", "!", "exec ", "set -- ", "shift", "\"$@\"", "$1",
            "${1#-}", "${A:=b}", "exit 1", "return", "cd ..", ". ./f", "f() ", "\u{0}", "é", "\r",
        ]
        var generator = SeededGenerator(seed: 42)
        for _ in 0..<3000 {
            let count = Int.random(in: 1...60, using: &generator)
            var script = (0..<count).flatMap { _ in
                Array(tokens[Int.random(in: 0..<tokens.count, using: &generator)].utf8)
            }
            if Bool.random(using: &generator) {
                script[Int.random(in: 0..<script.count, using: &generator)] =
                    UInt8.random(in: 0...255, using: &generator)
            }
            _ = try Self.executions(script, ["a", "-b"])
        }
    }
}

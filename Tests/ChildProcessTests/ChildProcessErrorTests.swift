// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import ChildProcess

struct ChildProcessErrorTests {
    @Test func `a pipe that cannot be moved away from the standard streams is an error`() {
        // What is not open cannot be duplicated, as nothing can where too many files are open.
        do throws(ChildProcessError) {
            _ = try PipeEnd.aside(-1, for: "/bin/true")
            Issue.record("there is no such descriptor")
        } catch {
            #expect(error == ChildProcessError("/bin/true", .system(EBADF)))
        }
    }

    private func failure(
        _ executable: String, _ arguments: [String] = [], _ environment: [String: String] = [:]
    ) async -> String? {
        do throws(ChildProcessError) {
            _ = try await Subprocess.run(
                executable: executable, arguments: arguments, environment: environment,
                limits: ChildLimits(time: .seconds(120), outputByteCount: 1000))
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("/nonexistent/helper", "cannot run '/nonexistent/helper': no such program"),
        ("/etc/passwd", "cannot run '/etc/passwd': permission denied"),
        ("/etc/passwd/x", "cannot run '/etc/passwd/x': a part of the path is not a directory"),
        ("/", "cannot run '/': permission denied"),
        ("true", "cannot run 'true': not an absolute path"),
        ("", "cannot run '': not an absolute path"),
        (
            "/bin/a\0b",
            "cannot run '/bin/a\\u{0}b': an argument or a variable that no program can be given"
        ),
    ])
    func `a program that cannot be started is named with the reason`(
        executable: String, message: String
    ) async {
        #expect(await failure(executable) == message)
    }

    @Test(
        arguments: [
            (["a\0b"], [:]), ([], ["A\0": ""]), ([], ["A": "\0"]), ([], ["A=B": ""]),
            ([], ["": "x"]),
        ] as [([String], [String: String])])
    func `what cannot be handed over is refused`(
        arguments: [String], environment: [String: String]
    ) async {
        let message = await failure("/bin/true", arguments, environment)
        #expect(message?.hasSuffix("that no program can be given") == true)
    }

    @Test(arguments: [
        ("sh", "/nowhere:/etc:/bin", "/bin/sh"), ("sh", "bin:.:/bin", "/bin/sh"),
        ("sh", "", nil), ("sh", "/etc", nil), ("sh", ".:bin", nil),
        ("passwd", "/etc", nil), ("ssl", "/etc", nil), ("bin/sh", "/", nil), ("", "/bin", nil),
        ("..", "/bin", nil), ("sh\0x", "/bin", nil),
    ])
    func `a program is found by its name in absolute directories only`(
        name: String, path: String, expected: String?
    ) {
        #expect(Subprocess.locate(name, path: path) == expected)
    }
}

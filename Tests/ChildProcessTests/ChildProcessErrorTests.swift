// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import ChildProcess

@Suite(.timeLimit(.minutes(10))) struct ChildProcessErrorTests {
    @Test func `a pipe that cannot avoid the standard descriptors is an error`() {
        // A closed descriptor cannot be duplicated, just like any if too many files are open.
        do throws(ChildProcessError) {
            _ = try PipeEnd.awayFromStandardFiles(-1, for: "/bin/true")
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
        ("/etc/passwd/x", "cannot run '/etc/passwd/x': not a directory"),
        ("/", "cannot run '/': permission denied"),
        ("true", "cannot run 'true': not an absolute path"),
        ("", "cannot run '': not an absolute path"),
        (
            "/bin/a\0b",
            "cannot run '/bin/a\\u{0}b': invalid argument or environment variable"
        ),
    ])
    func `the error of a failed start has the program and the reason`(
        executable: String, message: String
    ) async {
        #expect(await failure(executable) == message)
    }

    @Test(
        arguments: [
            (["a\0b"], [:]), ([], ["A\0": ""]), ([], ["A": "\0"]), ([], ["A=B": ""]),
            ([], ["": "x"]),
        ] as [([String], [String: String])])
    func `invalid arguments and variables are rejected`(
        arguments: [String], environment: [String: String]
    ) async {
        let message = await failure("/bin/true", arguments, environment)
        #expect(message?.hasSuffix("invalid argument or environment variable") == true)
    }

    @Test(arguments: [
        ("sh", "/nowhere:/etc:/bin", "/bin/sh"), ("sh", "bin:.:/bin", "/bin/sh"),
        ("sh", "", nil), ("sh", "/etc", nil), ("sh", ".:bin", nil),
        ("passwd", "/etc", nil), ("ssl", "/etc", nil), ("bin/sh", "/", nil), ("", "/bin", nil),
        ("..", "/bin", nil), ("sh\0x", "/bin", nil),
    ])
    func `a program is found only in absolute directories`(
        name: String, path: String, expected: String?
    ) {
        #expect(Subprocess.locate(name, path: path) == expected)
    }
}

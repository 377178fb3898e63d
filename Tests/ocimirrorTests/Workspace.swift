// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON

/// What a run of the program left: its exit code and what it wrote.
struct Run {
    let status: Int32
    let output: String
    let errors: String

    /// Both streams, for what must stand in neither.
    var said: String { output + errors }

    /// The result as strict JSON.
    var json: JSONValue {
        get throws { try JSONValue(parsing: Array(output.utf8)) }
    }
}

/// A folder with a `mirror.yaml` in which the built program is run as a process of its own.
///
/// The program sees nothing of the user's: no home, no credentials, no proxies.
struct Workspace {
    let folder: TemporaryFolder
    /// Variables beside `PATH` and `HOME`.
    var environment: [String: String] = [:]

    /// The executable that was built beside the test bundle.
    static let program: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? "./"
        return bundle[...(bundle.lastIndex(of: "/") ?? bundle.startIndex)] + "ocimirror"
    }()

    /// The project's folder.
    static let project: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    /// Makes the folder, with a configuration where one is given.
    init(_ configuration: String? = nil) throws {
        folder = try TemporaryFolder()
        if let configuration { try configure(configuration) }
    }

    func configure(_ configuration: String) throws {
        try folder.write(configuration, to: "mirror.yaml")
    }

    /// The lock as text; empty where there is none.
    var lock: String { folder.text("images.lock.yaml") }

    /// Runs the program to its end.
    func run(_ arguments: String...) async throws -> Run {
        try await run(arguments: arguments)
    }

    /// Runs the program to its end.
    func run(arguments: [String]) async throws -> Run {
        let result = try await SpawnedProcess.run(
            "env", command(arguments), environment: variables)
        return Run(status: result.status, output: result.output, errors: result.errors)
    }

    /// Starts the program; its streams go to the files `output` and `errors` of another folder.
    func start(_ arguments: String..., streams: TemporaryFolder) throws -> SpawnedProcess {
        try start(arguments, output: streams("output"), errors: streams("errors"))
    }

    /// Starts the program; its streams go to two files, or to a terminal's device.
    func start(_ arguments: String..., output: String, errors: String) throws -> SpawnedProcess {
        try start(arguments, output: output, errors: errors)
    }

    private func start(
        _ arguments: [String], output: String, errors: String
    ) throws -> SpawnedProcess {
        try SpawnedProcess(
            "env", command(arguments), environment: variables, output: output, errors: errors)
    }

    /// `env` changes the folder and then becomes the program, under the same process id.
    private func command(_ arguments: [String]) -> [String] {
        ["--chdir=\(folder.path)", Self.program] + arguments
    }

    private var variables: [String: String] {
        environment.merging(["HOME": folder("home")]) { given, _ in given }
    }

    /// Name, inode, time and size of everything in a folder, the folder itself included.
    func state(of name: String = ".") async throws -> String {
        try await shell("find \(name) -printf '%p %i %T@ %s\\n' | sort")
    }

    /// Runs a line of shell in the folder and returns what it wrote.
    @discardableResult
    func shell(_ line: String) async throws -> String {
        let result = try await SpawnedProcess.run(
            "env", ["--chdir=\(folder.path)", "sh", "-ec", line],
            environment: ["HOME": folder("home"), "GIT_CONFIG_NOSYSTEM": "1"])
        guard result.status == 0 else { throw ShellFailure(line: line, errors: result.errors) }
        return result.output
    }

    struct ShellFailure: Error {
        let line: String
        let errors: String
    }
}

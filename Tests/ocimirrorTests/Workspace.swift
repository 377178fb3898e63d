// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON

/// The result of a run: exit code and output.
struct Run {
    let status: Int32
    let output: String
    let errors: String

    /// The text of both streams.
    var said: String { output + errors }

    /// The result as strict JSON.
    var json: JSONValue {
        get throws { try JSONValue(parsing: Array(output.utf8)) }
    }
}

/// A directory with a `mirror.yaml` in which the built program runs as a separate process.
///
/// The program does not see the user's environment: no home, no credentials, no proxies.
struct Workspace {
    let folder: TemporaryFolder
    /// Environment variables in addition to `PATH` and `HOME`.
    var environment: [String: String] = [:]

    /// The executable that was built beside the test bundle.
    static let program: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? "./"
        return bundle[...(bundle.lastIndex(of: "/") ?? bundle.startIndex)] + "ocimirror"
    }()

    /// The project's directory.
    static let project: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    /// Creates the directory, with a configuration if one is given.
    init(_ configuration: String? = nil) throws {
        folder = try TemporaryFolder()
        if let configuration { try configure(configuration) }
    }

    /// Creates the directory with the configuration of images, which are published with the tag 1.0
    /// and a different content each.
    init(
        mirroring names: [String], from source: LoopbackRegistry, to target: LoopbackRegistry
    ) throws {
        for (number, name) in names.enumerated() {
            source.publish(
                ImageBuilder().multiPlatform(seed: UInt64(number)), repository: name, tag: "1.0")
        }
        try self.init(
            Mirror(
                from: names.map { "\"\(source.host)/\($0):1.0\"" }, to: "\(target.host)/mirror",
                plain: [source.host, target.host], further: ["referrers: none"]
            ).text)
    }

    func configure(_ configuration: String) throws {
        try folder.write(configuration, to: "mirror.yaml")
    }

    /// The lock file as text; empty if there is none.
    var lock: String { folder.text("images.lock.yaml") }

    /// Runs the program and waits for its exit.
    func run(_ arguments: String...) async throws -> Run {
        try await run(arguments: arguments)
    }

    /// Runs the program and waits for its exit.
    func run(arguments: [String]) async throws -> Run {
        let result = try await SpawnedProcess.run(
            "env", command(arguments), environment: variables)
        return Run(status: result.status, output: result.output, errors: result.errors)
    }

    /// Starts the program with its streams in the files `output` and `errors` of another directory.
    func start(_ arguments: String..., streams: TemporaryFolder) throws -> SpawnedProcess {
        try start(arguments: arguments, output: streams("output"), errors: streams("errors"))
    }

    /// Starts the program with its streams in two files, or on a terminal device.
    func start(_ arguments: String..., output: String, errors: String) throws -> SpawnedProcess {
        try start(arguments: arguments, output: output, errors: errors)
    }

    /// Starts the program with its streams in two files.
    func start(
        arguments: [String], output: String, errors: String
    ) throws -> SpawnedProcess {
        try SpawnedProcess(
            "env", command(arguments), environment: variables, output: output, errors: errors)
    }

    /// `env` changes the directory and then executes the program with the same process id.
    private func command(_ arguments: [String]) -> [String] {
        ["--chdir=\(folder.path)", Self.program] + arguments
    }

    private var variables: [String: String] {
        environment.merging(["HOME": folder("home")]) { given, _ in given }
    }

    /// Returns name, inode, time and size of all files in a directory, including the directory
    /// itself.
    func state(of name: String = ".") async throws -> String {
        try await shell("find \(name) -printf '%p %i %T@ %s\\n' | sort")
    }

    /// Runs a shell command in the directory and returns its output.
    @discardableResult
    func shell(_ line: String) async throws -> String {
        try await folder.shell(
            line, environment: ["HOME": folder("home"), "GIT_CONFIG_NOSYSTEM": "1"])
    }
}

extension TemporaryFolder {
    /// Runs a shell command in the directory and returns its output.
    ///
    /// - Throws: ``ShellFailure`` if its exit code is not 0.
    @discardableResult
    func shell(_ line: String, environment: [String: String] = [:]) async throws -> String {
        let result = try await SpawnedProcess.run(
            "env", ["--chdir=\(path)", "sh", "-ec", line], environment: environment)
        guard result.status == 0 else { throw ShellFailure(line: line, errors: result.errors) }
        return result.output
    }
}

/// A shell command that failed.
struct ShellFailure: Error {
    let line: String
    let errors: String
}

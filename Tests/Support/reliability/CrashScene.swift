// SPDX-License-Identifier: Apache-2.0

import Glibc
import RegistryTestSupport

/// The built program in front of registries that have an older version of every image.
///
/// Each run begins with the same content and the same lock file.
struct CrashScene: Sendable {
    /// The paths of the program and of the library that affects its system calls.
    struct Tools: Sendable {
        let program: String
        let library: String
    }

    /// The result of a run of the program.
    struct Run: Sendable {
        let status: Int32
        /// Standard output, standard error and the report.
        let texts: [String]
        /// The bytes of the lock file afterwards.
        let lock: [UInt8]
    }

    /// The directory of the layouts, a second target that is empty before each run.
    static let layout = "layouts"

    let tools: Tools
    let mirror: ReferenceMirror
    private let older: ReferenceImages
    private let newer: ReferenceImages
    /// The lock file before each run.
    let lock: [UInt8]

    /// Starts registries and lets the program mirror the older images.
    init(_ tools: Tools, older: ReferenceImages, newer: ReferenceImages) async throws {
        self.tools = tools
        self.older = older
        self.newer = newer
        let first = ReferenceMirror(older)
        let folder = try TemporaryFolder()
        try folder.write(first.configuration(), to: "mirror.yaml")
        let run = try await Self.finish(
            try Self.start(tools, in: folder, of: first), in: folder)
        guard run.status == 0 else { throw CrashSceneError(description: "\(run.texts)") }
        lock = run.lock
        mirror = first.renewed(with: newer, over: older)
    }

    private init(_ scene: CrashScene) {
        (tools, older, newer, lock) = (scene.tools, scene.older, scene.newer, scene.lock)
        mirror = scene.mirror.renewed(with: newer, over: older)
    }

    /// Returns the scene before its next run.
    func renewed() -> CrashScene { CrashScene(self) }

    /// Creates the directory of a run.
    func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(mirror.configuration(layout: Self.layout), to: "mirror.yaml")
        try folder.write(lock, to: "images.lock.yaml")
        return folder
    }

    /// Starts the program.
    ///
    /// - Parameters:
    ///   - folder: The directory.
    ///   - variables: Environment variables that affect its system calls.
    ///   - options: Further options of `sync`.
    /// - Returns: The process.
    /// - Throws: `FixtureError` if `env` is not installed.
    func start(
        in folder: TemporaryFolder, _ variables: [String: String] = [:], options: [String] = []
    ) throws -> SpawnedProcess {
        try Self.start(tools, in: folder, of: mirror, variables: variables, options: options)
    }

    private static func start(
        _ tools: Tools, in folder: TemporaryFolder, of mirror: ReferenceMirror,
        variables: [String: String] = [:], options: [String] = []
    ) throws -> SpawnedProcess {
        // `env` sets the variables for the program alone, and then executes it with the same process id.
        let settings =
            variables.isEmpty
            ? [] : ["LD_PRELOAD=\(tools.library)"] + variables.map { "\($0.key)=\($0.value)" }
        return try SpawnedProcess(
            "env",
            ["--chdir=\(folder.path)"] + settings
                + [
                    tools.program, "sync", "--retry-for", "2s", "--report", "report.json",
                    "--metrics", "metrics.prom",
                ] + options,
            environment: mirror.environment.merging(["HOME": folder("home")]) { given, _ in given },
            output: folder("output"), errors: folder("errors"))
    }

    /// Waits for the end of a process.
    static func finish(_ process: SpawnedProcess, in folder: TemporaryFolder) async throws -> Run {
        let status = try await onOwnThread { process.wait() }
        return Run(
            status: status,
            texts: [folder.text("output"), folder.text("errors"), folder.text("report.json")],
            lock: folder.read("images.lock.yaml"))
    }
}

/// An error of the first run.
struct CrashSceneError: Error, CustomStringConvertible {
    let description: String
}

// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import TextSafety

/// An error that indicates an unreadable or invalid configuration, lock or rules file.
struct ConfigurationFileError: Error {
    let message: String
    var hint: String?
}

/// The configuration `mirror.yaml` with its lock files.
struct ConfigurationFile {
    let path: String
    let text: [UInt8]
    let configuration: MirrorConfiguration
    /// The lock files by path.
    ///
    /// Missing files are omitted.
    private(set) var locks: [String: Lockfile]

    private let context: ProgramContext

    /// Reads and validates the configuration and the lock files, before any request.
    ///
    /// - Parameters:
    ///   - path: The value of `--config`.
    ///   - readsLocks: A Boolean value that indicates whether the lock files are read. Commands that
    ///     do not use them also run with an invalid one.
    ///   - context: The environment, and the console for warnings.
    /// - Throws: `ConfigurationErrors` or ``ConfigurationFileError``.
    init(_ path: String, readsLocks: Bool = true, in context: ProgramContext) throws {
        self.context = context
        let path = try Self.existingPath(path, in: context)
        self.path = path == Self.standardInput ? "standard input" : path
        let absolute = context.absolute(path)
        text = try Self.read(path, in: context)
        let loader = ConfigurationLoader(
            file: self.path, environment: context.environment,
            baseDirectory: Path.directory(of: absolute), checkFile: { PEMFile.problem(at: $0) })
        let loaded = try loader.load(text: text)
        for warning in loaded.warnings { context.console.show(warning) }
        configuration = loaded.configuration
        locks = readsLocks ? try Self.locks(of: loaded.configuration, in: context) : [:]
    }

    /// The value of `--config` for standard input.
    private static let standardInput = "-"
    /// The maximum size of a configuration in bytes.
    private static let maximumByteCount = 1 << 20

    /// Returns the path, or `mirror.yml` if only that exists and no other file was named.
    private static func existingPath(
        _ path: String, in context: ProgramContext
    ) throws -> String {
        let alternative = "mirror.yml"
        guard path == CommonOptions().config, try FileStatus.of(context.absolute(path)) == nil,
            try FileStatus.of(context.absolute(alternative)) != nil
        else { return path }
        return alternative
    }

    private static func read(_ path: String, in context: ProgramContext) throws -> [UInt8] {
        guard path != standardInput else {
            guard let text = try Terminal.allInput(limit: maximumByteCount) else {
                throw ConfigurationFileError(
                    message: "cannot read the configuration from standard input",
                    hint: "write at most 1 MiB of UTF-8")
            }
            return Array(text.utf8)
        }
        do {
            return try BoundedFile.read(context.absolute(path), limit: maximumByteCount)
        } catch {
            throw ConfigurationFileError(
                message: "\(error)",
                hint: error.isMissing
                    ? "run 'ocimirror init' to create mirror.yaml, or use --config" : nil)
        }
    }

    /// Returns the registry settings of the configuration, for commands that need nothing else from
    /// it.
    ///
    /// A missing `mirror.yaml` means no settings. An existing file must be valid, its lock files need
    /// not be.
    static func registries(
        _ path: String, in context: ProgramContext
    ) throws -> [RegistryHost: RegistryOptions] {
        try present(path, in: context)?.configuration.registries ?? [:]
    }

    /// Returns the configuration without its lock files, or `nil` if none is named and there is
    /// none.
    static func present(
        _ path: String, in context: ProgramContext
    ) throws -> ConfigurationFile? {
        guard try isPresent(path, in: context) else { return nil }
        return try ConfigurationFile(path, readsLocks: false, in: context)
    }

    /// Returns a Boolean value that indicates whether the user named a configuration or one of the
    /// default files exists.
    private static func isPresent(_ path: String, in context: ProgramContext) throws -> Bool {
        let path = try existingPath(path, in: context)
        return try path != CommonOptions().config || FileStatus.of(context.absolute(path)) != nil
    }

    /// Reads the lock files again.
    ///
    /// - Throws: ``ConfigurationFileError``.
    func locksNow() throws(ConfigurationFileError) -> [String: Lockfile] {
        try Self.locks(of: configuration, in: context)
    }

    /// Returns the configuration with the current lock files.
    ///
    /// - Throws: ``ConfigurationFileError``.
    func readingLocks() throws(ConfigurationFileError) -> ConfigurationFile {
        var file = self
        file.locks = try locksNow()
        return file
    }

    private static func locks(
        of configuration: MirrorConfiguration, in context: ProgramContext
    ) throws(ConfigurationFileError) -> [String: Lockfile] {
        var locks: [String: Lockfile] = [:]
        for target in configuration.targets {
            guard let path = target.lock else { continue }
            locks[path] = try Lockfile.read(
                ifAt: path, named: context.shown(path), root: target.root)
        }
        return locks
    }
}

extension Console {
    /// Shows a problem in the configuration, with the affected line.
    func show(_ diagnostic: ConfigurationDiagnostic) {
        guard format == .text else { return log(LogEntry(diagnostic)) }
        guard volume >= .normal || !diagnostic.isWarning else { return }
        writeLine(Listing.Cell(text: diagnostic.firstLine))
        screen.write(diagnostic.excerptLines(width: errorWidth ?? .max) + "\n", to: .error)
    }
}

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
    let locks: [String: Lockfile]

    /// Reads and validates the configuration and the lock files, before any request.
    ///
    /// - Throws: `ConfigurationErrors` or ``ConfigurationFileError``.
    init(_ path: String, in context: ProgramContext) throws {
        self.path = path
        let absolute = context.absolute(path)
        do {
            text = try BoundedFile.read(absolute, limit: 1 << 20)
        } catch {
            throw ConfigurationFileError(
                message: "\(error)",
                hint: error.isMissing
                    ? "run 'ocimirror init' to create mirror.yaml, or use --config" : nil)
        }
        let loader = ConfigurationLoader(
            file: path, environment: context.environment,
            baseDirectory: Path.directory(of: absolute), checkFile: { PEMFile.problem(at: $0) })
        let loaded = try loader.load(text: text)
        for warning in loaded.warnings { context.console.show(warning) }
        configuration = loaded.configuration
        locks = try Self.locks(of: loaded.configuration)
    }

    /// Returns the registry settings of the configuration, for commands that need nothing else from
    /// it.
    ///
    /// A missing `mirror.yaml` means no settings. An existing file must be valid.
    static func registries(
        _ path: String, in context: ProgramContext
    ) throws -> [RegistryHost: RegistryOptions] {
        guard try FileStatus.of(context.absolute(path)) != nil || path != CommonOptions().config
        else { return [:] }
        return try ConfigurationFile(path, in: context).configuration.registries
    }

    /// Returns the options with the registries on this machine that do not use TLS.
    func optionsWithPlainHTTP(
        _ options: CommonOptions, in context: ProgramContext
    ) async throws -> CommonOptions {
        try await Network.detectingPlainHTTP(
            at: configuration.registryHosts, registries: configuration.registries,
            options: options, context: context)
    }

    /// Reads the lock files again.
    ///
    /// - Throws: ``ConfigurationFileError``.
    func locksNow() throws(ConfigurationFileError) -> [String: Lockfile] {
        try Self.locks(of: configuration)
    }

    private static func locks(of configuration: MirrorConfiguration) throws(ConfigurationFileError)
        -> [String: Lockfile]
    {
        var locks: [String: Lockfile] = [:]
        for target in configuration.targets {
            guard let path = target.lock else { continue }
            locks[path] = try Lockfile.read(ifAt: path, root: target.root)
        }
        return locks
    }
}

extension Console {
    /// Shows a problem in the configuration, with the affected line.
    func show(_ diagnostic: ConfigurationDiagnostic) {
        guard format == .text else { return log(LogEntry(diagnostic)) }
        guard volume >= .normal || !diagnostic.isWarning else { return }
        screen.write(diagnostic.description + "\n", to: .error)
    }
}

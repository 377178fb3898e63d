// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import TextSafety

/// A file that the configuration is made of cannot be read or used.
struct ConfigurationFileError: Error {
    let message: String
    var hint: String?
}

/// `mirror.yaml` and the locks that it names, as they are on disk.
struct ConfigurationFile {
    let path: String
    let text: [UInt8]
    let config: MirrorConfiguration
    /// The locks by path; a target without one yet is not among them.
    let locks: [String: Lockfile]

    /// Reads everything and says what is wrong with it, before any network traffic.
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
                hint: error.isMissing ? "write a mirror.yaml, or name one with --config" : nil)
        }
        let loader = ConfigurationLoader(
            file: path, environment: context.environment,
            baseDirectory: Path.directory(of: absolute))
        let loaded = try loader.load(text: text)
        for warning in loaded.warnings { context.console.show(warning) }
        config = loaded.config
        locks = try Self.locks(of: loaded.config)
    }

    /// What the configuration says of registries, for commands that need no more of it.
    ///
    /// Without a file at the usual place nothing is known; a file that is there has to be right.
    static func registries(
        _ path: String, in context: ProgramContext
    ) throws -> [RegistryHost: RegistryOptions] {
        guard try FileStatus.of(context.absolute(path)) != nil || path != CommonOptions().config
        else { return [:] }
        return try ConfigurationFile(path, in: context).config.registries
    }

    /// The locks as they are by now.
    ///
    /// - Throws: ``ConfigurationFileError``.
    func locksNow() throws(ConfigurationFileError) -> [String: Lockfile] {
        try Self.locks(of: config)
    }

    private static func locks(of config: MirrorConfiguration) throws(ConfigurationFileError)
        -> [String: Lockfile]
    {
        var locks: [String: Lockfile] = [:]
        for target in config.targets {
            guard let path = target.lock else { continue }
            locks[path] = try lock(ifAt: path, root: target.root)
        }
        return locks
    }

    /// Reads a lock that has to be there.
    ///
    /// - Parameters:
    ///   - path: the file's absolute path.
    ///   - root: the keys under which its blocks stand.
    /// - Returns: the lock.
    /// - Throws: ``ConfigurationFileError``.
    static func lock(at path: String, root: [String]) throws(ConfigurationFileError) -> Lockfile {
        guard let lock = try lock(ifAt: path, root: root) else {
            throw ConfigurationFileError(
                message: "cannot read '\(UntrustedText(path))': it is not there")
        }
        return lock
    }

    private static func lock(
        ifAt path: String, root: [String]
    ) throws(ConfigurationFileError) -> Lockfile? {
        do {
            return try Lockfile(parsing: try BoundedFile.read(path, limit: 16 << 20), root: root)
        } catch let error as FileError where error.isMissing {
            return nil
        } catch let error as LockfileError {
            throw ConfigurationFileError(
                message: "\(UntrustedText(path)):\(error)", hint: error.hint)
        } catch {
            throw ConfigurationFileError(message: "\(error)")
        }
    }
}

extension Console {
    /// Shows a problem of the configuration with the line that it is in.
    func show(_ diagnostic: ConfigurationDiagnostic) {
        guard format == .text else { return log(LogEntry(diagnostic)) }
        guard volume >= .normal || !diagnostic.isWarning else { return }
        screen.write(diagnostic.description + "\n", to: .error)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Lockfiles
internal import Mirroring
internal import TextSafety

/// The file locks on all lock files of a configuration, so that concurrent runs do not write the
/// same file.
///
/// The kernel releases the file locks when the process ends.
final class HeldFileLocks {
    private let fileLocks: [Held]
    /// The file lock that another process holds, as an error message; empty if all were acquired.
    private let conflict: String

    /// A Boolean value that indicates whether all file locks were acquired.
    var isComplete: Bool { conflict.isEmpty }

    private final class Held {
        let lock: FileLock

        init(_ lock: consuming FileLock) {
            self.lock = lock
        }
    }

    /// Acquires the file locks for all lock files that the configuration writes.
    convenience init(_ configuration: MirrorConfiguration) throws {
        try self.init(configuration.targets.compactMap(\.lock))
    }

    /// Acquires the file locks for lock files at absolute paths.
    init(_ paths: [String]) throws {
        var fileLocks: [Held] = []
        var conflict = ""
        for path in paths {
            try Directory.create(Path.directory(of: path))
            // An existing lock file is locked itself, so that a run without changes writes nothing.
            // Before the first one exists, a separate file is locked.
            let exists = try FileStatus.of(path) != nil
            if let lock = try exists
                ? FileLock.acquire(onExisting: path) : FileLock.acquire("\(path).lock")
            {
                fileLocks.append(Held(lock))
            } else {
                let holder = FileLock.holder(of: exists ? path : "\(path).lock")
                let process = holder.map { " (process \($0))" } ?? ""
                conflict = "'\(UntrustedText(path))' is locked by another run\(process)"
            }
        }
        self.fileLocks = fileLocks
        self.conflict = conflict
    }

    /// Reports that another process holds a file lock, and returns the exit code.
    func reportConflict(on console: Console) -> ExitCode {
        console.error(conflict, hint: "run again later")
        return .tryAgain
    }
}

extension Lockfile {
    /// Reads a lock file.
    ///
    /// - Parameters:
    ///   - path: The absolute path of the file.
    ///   - name: The name of the file in messages; by default the path.
    ///   - root: The key path of the entries.
    /// - Returns: The lock file.
    /// - Throws: ``ConfigurationFileError`` if the file is missing or invalid.
    static func read(
        _ path: String, named name: String? = nil, root: [String]
    ) throws(ConfigurationFileError) -> Lockfile {
        guard let lock = try read(ifAt: path, named: name, root: root) else {
            throw ConfigurationFileError(
                message: "cannot read '\(UntrustedText(name ?? path))': file not found",
                hint: "run 'ocimirror sync' first, or choose a lock file with --lock")
        }
        return lock
    }

    /// Reads a lock file; returns `nil` if it is missing.
    ///
    /// - Parameters:
    ///   - path: The absolute path of the file.
    ///   - name: The name of the file in messages; by default the path.
    ///   - root: The key path of the entries.
    /// - Returns: The lock file.
    /// - Throws: ``ConfigurationFileError`` if the file is invalid.
    static func read(
        ifAt path: String, named name: String? = nil, root: [String]
    ) throws(ConfigurationFileError) -> Lockfile? {
        do {
            let bytes = try BoundedFile.read(path, limit: maximumByteCount)
            return try Lockfile(parsing: bytes, root: root)
        } catch let error as FileError where error.isMissing {
            return nil
        } catch let error as LockfileError {
            throw ConfigurationFileError(
                message: "\(UntrustedText(name ?? path)):\(error)", hint: error.hint)
        } catch {
            throw ConfigurationFileError(message: "\(error)")
        }
    }
}

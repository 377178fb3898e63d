// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Lockfiles
internal import TextSafety

extension Lockfile {
    /// The maximum size of a lock file in bytes.
    static let maximumByteCount = 16 << 20

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

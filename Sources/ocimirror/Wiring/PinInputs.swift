// SPDX-License-Identifier: Apache-2.0

public import CommandLineKit
internal import Files
internal import Lockfiles
public import Pinning
internal import StrictJSON
internal import TextSafety

extension PinRegistry: ArgumentValue {}

/// Reads the lock files, rules and reports that `pin`, `lint` and `promote` use.
enum PinInputs {
    /// Reads a lock file.
    ///
    /// - Throws: ``ConfigurationFileError`` if the file is missing or invalid.
    static func lock(
        _ path: String, root: String, in context: ProgramContext
    ) throws(ConfigurationFileError) -> Lockfile {
        try Lockfile.read(context.absolute(path), named: path, root: keys(ofRoot: root))
    }

    /// Returns the keys of the value of `--root`, which are separated by dots.
    static func keys(ofRoot root: String) -> [String] {
        root.split(separator: ".").map(String.init)
    }

    /// Reads the pin rules.
    ///
    /// Without a path, a missing `pins.yaml` means no rules.
    ///
    /// - Throws: ``ConfigurationFileError`` if the rules are invalid.
    static func rules(
        _ path: String?, in context: ProgramContext
    ) throws(ConfigurationFileError) -> PinRules {
        let name = path ?? "pins.yaml"
        do {
            guard try path != nil || FileStatus.of(context.absolute(name)) != nil else {
                return PinRules()
            }
            return try PinRules(
                parsing: try BoundedFile.read(context.absolute(name), limit: 1 << 20))
        } catch let error as PinRulesError {
            throw ConfigurationFileError(message: "\(UntrustedText(name)):\(error)")
        } catch {
            throw ConfigurationFileError(message: "\(error)")
        }
    }

    /// Reads a report of `sync`.
    ///
    /// - Throws: ``ConfigurationFileError`` if the report is missing or invalid.
    static func recordedRun(
        _ path: String, in context: ProgramContext
    ) throws(ConfigurationFileError) -> RunReportReader {
        let hint = "create it with 'ocimirror sync --report \(UntrustedText(path))'"
        do {
            return try RunReportReader(
                parsing: try BoundedFile.read(context.absolute(path), limit: 64 << 20))
        } catch let error as JSONError {
            throw ConfigurationFileError(message: "\(UntrustedText(path)): \(error)", hint: hint)
        } catch {
            throw ConfigurationFileError(message: "\(error)", hint: hint)
        }
    }

    /// Returns the default lock file, or `nil` if it does not exist.
    static func defaultLock(in context: ProgramContext) throws(FileError) -> String? {
        let name = "images.lock.yaml"
        return try FileStatus.of(context.absolute(name)) == nil ? nil : name
    }
}

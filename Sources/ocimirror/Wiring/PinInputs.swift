// SPDX-License-Identifier: Apache-2.0

public import CommandLineKit
internal import Files
internal import Lockfiles
public import Pinning
internal import StrictJSON
internal import TextSafety

extension PinRegistry: ArgumentValue {}

/// The files that the commands about pins read beside the files with pins.
enum PinInputs {
    /// Reads a lock.
    ///
    /// - Throws: ``ConfigurationFileError`` where there is none or it cannot be used.
    static func lock(
        _ path: String, root: String, in context: ProgramContext
    ) throws(ConfigurationFileError) -> Lockfile {
        do {
            return try Lockfile(
                parsing: try BoundedFile.read(context.absolute(path), limit: 16 << 20),
                root: root.split(separator: ".").map(String.init))
        } catch let error as LockfileError {
            throw ConfigurationFileError(
                message: "\(UntrustedText(path)):\(error)", hint: error.hint)
        } catch {
            throw ConfigurationFileError(
                message: "\(error)", hint: "run 'ocimirror sync' first, or name a lock with --lock")
        }
    }

    /// Reads the rules; where none are named and `pins.yaml` is not there, there are none.
    ///
    /// - Throws: ``ConfigurationFileError`` where they cannot be used.
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

    /// Reads what a run wrote down.
    ///
    /// - Throws: ``ConfigurationFileError`` where it is not there or cannot be used.
    static func recordedRun(
        _ path: String, in context: ProgramContext
    ) throws(ConfigurationFileError) -> RunReportReader {
        let hint = "'ocimirror sync --report \(UntrustedText(path))' writes it"
        do {
            return try RunReportReader(
                parsing: try BoundedFile.read(context.absolute(path), limit: 64 << 20))
        } catch let error as JSONError {
            throw ConfigurationFileError(message: "\(UntrustedText(path)): \(error)", hint: hint)
        } catch {
            throw ConfigurationFileError(message: "\(error)", hint: hint)
        }
    }

    /// The lock at the usual place, if there is one.
    static func usualLock(in context: ProgramContext) throws(FileError) -> String? {
        let name = "images.lock.yaml"
        return try FileStatus.of(context.absolute(name)) == nil ? nil : name
    }
}

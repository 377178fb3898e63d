// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import Files
internal import Lockfiles
internal import TextSafety

/// Reads files from the working tree or from a git revision.
struct GitRevision {
    private let name: String?
    private let context: ProgramContext

    init(_ name: String?, in context: ProgramContext) {
        self.name = name
        self.context = context
    }

    /// Returns the content of a file, or `nil` if it does not exist.
    func read(_ path: String) async throws -> [UInt8]? {
        guard let name else {
            do throws(FileError) {
                return try BoundedFile.read(
                    context.absolute(path), limit: Lockfile.maximumByteCount)
            } catch {
                guard error.isMissing else { throw error }
                return nil
            }
        }
        guard !name.isEmpty, !name.hasPrefix("-"), !name.contains(":"),
            let git = Subprocess.locate("git", path: context.environment["PATH"] ?? "")
        else {
            throw ConfigurationFileError(
                message: "cannot read git revision '\(UntrustedText(name))'",
                hint: "install git, and use a revision such as HEAD~1")
        }
        let absolute = context.absolute(path)
        let output = try await Subprocess.run(
            executable: git,
            arguments: [
                "-C", Path.directory(of: absolute), "show",
                "\(name):./\(absolute.split(separator: "/").last ?? "")",
            ],
            environment: context.environment,
            limits: ChildLimits(time: .seconds(30), outputByteCount: Lockfile.maximumByteCount))
        guard output.termination == .exited(0) else {
            let words = UntrustedText(bytes: output.standardError).display(limit: 200)
            if words.contains("does not exist") || words.contains("not in") { return nil }
            throw ConfigurationFileError(
                message: "git revision '\(UntrustedText(name))' not found: \(words)")
        }
        return output.standardOutput
    }
}

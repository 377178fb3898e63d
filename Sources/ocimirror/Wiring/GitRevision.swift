// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import Files
internal import TextSafety

/// Files as they are, or as they were in a revision of git.
struct GitRevision {
    private let name: String?
    private let context: ProgramContext

    init(_ name: String?, in context: ProgramContext) {
        self.name = name
        self.context = context
    }

    /// Reads a file; nil where there is none.
    func read(_ path: String) async throws -> [UInt8]? {
        guard let name else {
            do throws(FileError) {
                return try BoundedFile.read(context.absolute(path), limit: 16 << 20)
            } catch {
                guard error.isMissing else { throw error }
                return nil
            }
        }
        guard !name.isEmpty, !name.hasPrefix("-"), !name.contains(":"),
            let git = Subprocess.locate("git", path: context.environment["PATH"] ?? "")
        else {
            throw ConfigurationFileError(
                message: "cannot ask git for '\(UntrustedText(name))'",
                hint: "install git, and name a revision such as HEAD~1")
        }
        let absolute = context.absolute(path)
        let output = try await Subprocess.run(
            executable: git,
            arguments: [
                "-C", Path.directory(of: absolute), "show",
                "\(name):./\(absolute.split(separator: "/").last ?? "")",
            ],
            environment: context.environment,
            limits: ChildLimits(time: .seconds(30), outputByteCount: 16 << 20))
        guard output.termination == .exited(0) else {
            let words = UntrustedText(bytes: output.standardError).display(limit: 200)
            if words.contains("does not exist") || words.contains("not in") { return nil }
            throw ConfigurationFileError(message: "git has no '\(UntrustedText(name))': \(words)")
        }
        return output.standardOutput
    }
}

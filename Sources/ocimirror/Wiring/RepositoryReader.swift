// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Files
internal import Pinning

/// Reads the files around a file, also through symbolic links that do not leave its repository.
final class RepositoryReader: Sendable {
    private let context: ProgramContext
    /// The size limit of a file, in bytes.
    private let limit: Int
    private let skipped = Mutex<[String: PinFiles.Problem]>([:])

    /// Creates a reader.
    init(in context: ProgramContext, limit: Int) {
        self.context = context
        self.limit = limit
    }

    /// The symbolic links that are not followed, with reasons.
    var skippedLinks: [PinFiles.Problem] {
        skipped.withLock { $0.values.sorted { $0.path < $1.path } }
    }

    /// Returns the content of a file; `nil` if there is none, or if it is outside of the repository.
    func read(_ path: String) -> [UInt8]? {
        let absolute = context.absolute(path)
        guard let kind = (try? FileStatus.of(absolute, followsLinks: false))?.kind else {
            return nil
        }
        guard kind == .symbolicLink else {
            return try? BoundedFile.read(absolute, limit: limit, followsLinks: false)
        }
        guard let target = try? Path.resolved(absolute) else {
            return skip(path, because: "the symbolic link leads to no file")
        }
        guard let root = root(around: absolute), target.hasPrefix("\(root)/") else {
            return skip(path, because: "the symbolic link leads out of the repository")
        }
        return try? BoundedFile.read(target, limit: limit, followsLinks: false)
    }

    /// Returns the directory of the repository around a file, or the working directory.
    private func root(around path: String) -> String? {
        let root = ChartDirectories.repository(around: LexicalPath.steps(of: path).dropLast())
        return try? Path.resolved(
            root.map { "/\($0.joined(separator: "/"))" } ?? context.currentDirectory)
    }

    /// Lists the files of the repositories around files and directories: without one, those of the working
    /// directory, or of a directory outside of it.
    func listing(around paths: [String], rules: PinRules) -> RepositoryListing {
        let current = LexicalPath.steps(of: context.currentDirectory)
        let roots = paths.map { path in
            let steps = LexicalPath.steps(of: context.absolute(path))
            let isDirectory = (try? FileStatus.of(context.absolute(path)))?.kind == .directory
            let directory = Array(isDirectory ? steps[...] : steps.dropLast())
            return ChartDirectories.repository(around: directory)
                ?? (directory.starts(with: current) ? current : directory)
        }
        let outermost = Set(roots).filter { root in
            !roots.contains { $0.count < root.count && root.starts(with: $0) }
        }
        return RepositoryListing(
            directories: outermost.map { "/\($0.joined(separator: "/"))" }.sorted(),
            from: context.currentDirectory, rules: rules)
    }

    private func skip(_ path: String, because reason: String) -> [UInt8]? {
        let problem = PinFiles.Problem(
            path, skippedBecause: reason, consequence: "its values are unknown")
        skipped.withLock { $0[path] = problem }
        return nil
    }
}

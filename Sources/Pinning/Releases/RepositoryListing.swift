// SPDX-License-Identifier: Apache-2.0

internal import Files

/// The YAML files of a repository, and the templates of YAML files.
public struct RepositoryListing: Sendable {
    /// The paths of the files.
    private(set) var paths: [String]
    /// The directories that were listed; empty for the working directory.
    private(set) var roots = [""]
    /// The paths of symbolic links, which can lead to files in the list.
    private(set) var links: [String] = []
    /// A Boolean value that indicates whether no file is missing.
    public private(set) var isComplete = true

    /// The maximum number of paths.
    private static let limit = 100_000
    /// The maximum number of files and directories that are looked at.
    private static let entryLimit = 2_000_000

    /// Creates a listing of known paths.
    public init(_ paths: [String], isComplete: Bool = true) {
        self.paths = paths
        self.isComplete = isComplete
    }

    /// Lists the files in directories and those below them, without links to directories and without the
    /// hidden directories of tools.
    ///
    /// - Parameters:
    ///   - directories: The absolute paths of the directories.
    ///   - workingDirectory: The directory from which the patterns of rules start.
    ///   - rules: The rules with the patterns to ignore.
    public init(directories: [String], from workingDirectory: String, rules: PinRules) {
        let names = RepositoryPaths(in: workingDirectory)
        paths = []
        roots = directories
        var pending = directories
        var entries = 0
        while let directory = pending.popLast() {
            for name in (try? Directory.list(directory)) ?? [] {
                let path = "\(directory == "/" ? "" : directory)/\(name)"
                entries += 1
                guard entries < Self.entryLimit, paths.count + links.count < Self.limit else {
                    isComplete = false
                    return
                }
                guard !YAMLFiles.isDirectoryOfTool(name),
                    !rules.ignores(names.shown(names.canonical(path)))
                else { continue }
                let isYAML =
                    [".yaml", ".yml", ".gotmpl"].contains(where: name.hasSuffix)
                    || Kustomizations.fileNames.contains(name)
                switch (try? FileStatus.of(path, followsLinks: false))?.kind {
                case .directory: pending.append(path)
                case .regular where isYAML: paths.append(path)
                case .symbolicLink where isYAML: links.append(path)
                default: continue
                }
            }
        }
        paths.sort()
    }
}

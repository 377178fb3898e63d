// SPDX-License-Identifier: Apache-2.0

public import Files

/// Finds the YAML files in directories.
public enum YAMLFiles {
    /// Lists files in a stable order.
    ///
    /// Paths with `..` and through symbolic links to directories are listed as the paths that a listing of
    /// the directory around them has. A file in `paths` is always listed. In directories, only `*.yaml` and `*.yml` files are
    /// listed, including hidden ones such as `.gitlab-ci.yml` and those in `.github`, and the `*.tpl`
    /// files of charts. Symbolic links and the hidden directories of tools are not.
    ///
    /// - Parameters:
    ///   - paths: Files and directories, as the user typed them.
    ///   - rules: The rules with the patterns to ignore.
    ///   - base: The directory that relative paths start from.
    ///   - omitsTests: A Boolean value that indicates whether directories of tests and examples, of
    ///     the templates of charts, and hidden files and directories, are omitted; those in `paths`
    ///     are not.
    /// - Returns: The paths, without duplicates, absolute or relative to `base` as in `paths`, and the
    ///   files and directories that could not be listed.
    public static func list(
        _ paths: [String], rules: PinRules, from base: String, omitsTests: Bool = false
    ) -> FileListing {
        var listing = FileListing()
        let walk = Walk(rules: rules, omitsTests: omitsTests)
        var seen: Set<String> = []
        for path in paths {
            let path = location(of: path, from: base)
            let absolute = path.hasPrefix("/") ? path : "\(base)/\(path)"
            if (try? FileStatus.of(absolute))?.kind == .directory {
                walk.list(absolute, shown: path, in: Walk.Chart(of: absolute), into: &listing)
            } else {
                listing.files.append(path)
                if case .templates = Walk.Chart(of: LexicalPath.directory(of: absolute)) {
                    listing.chartTemplates.insert(path)
                }
            }
        }
        listing.files = listing.files.filter { seen.insert($0).inserted }
        return listing
    }

    /// Returns the path of a file or directory without `..` and symbolic links to directories; the path itself
    /// if it does not exist.
    ///
    /// A symbolic link to a file is kept, because the files around the link count.
    public static func location(of path: String, from base: String) -> String {
        let trimmed = path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
        let absolute = trimmed.hasPrefix("/") ? trimmed : "\(base)/\(trimmed)"
        let isDirectory = (try? FileStatus.of(absolute))?.kind == .directory
        let name = isDirectory ? "" : absolute.split(separator: "/").last.map { "/\($0)" } ?? ""
        let directory = isDirectory ? absolute : LexicalPath.directory(of: absolute)
        guard let resolved = try? Path.resolved(directory) else { return trimmed }
        let real = "\(resolved == "/" ? "" : resolved)\(name)"
        guard !trimmed.hasPrefix("/") else { return real.isEmpty ? "/" : real }
        let names = RepositoryPaths(in: (try? Path.resolved(base)) ?? base)
        let relative = names.shown(names.canonical(real))
        return relative.isEmpty ? "." : relative
    }

    /// Returns a Boolean value that indicates whether a name is that of a hidden directory of a tool,
    /// which has no files of the repository.
    static func isDirectoryOfTool(_ name: String) -> Bool { Walk.tools.contains(name) }
}

/// Lists directories and the directories in them.
private struct Walk {
    let rules: PinRules
    let omitsTests: Bool

    /// Directories whose files are not deployed.
    private static let tests: Set<String> = ["tests", "testdata", "examples", "example", "e2e"]
    /// Directories that are not deployed if they are in a chart.
    ///
    /// Source: chart-testing, `ci/*-values.yaml`.
    private static let chartTests: Set<String> = ["ci", "test"]

    /// Hidden directories of version control systems and of tools, which have no files of the
    /// repository.
    static let tools: Set<String> = [
        ".git", ".hg", ".svn", ".jj", ".terraform", ".terragrunt-cache", ".cache", ".venv", ".tox",
        ".nox", ".gradle", ".m2", ".npm", ".yarn", ".pnpm-store", ".bundle", ".cargo", ".build",
        ".direnv",
    ]

    /// The position of a directory in a chart.
    enum Chart {
        case outside
        case inside
        case templates

        /// Returns the position of a directory that is not found from a directory above.
        init(of directory: String) {
            var steps = LexicalPath.steps(of: directory)[...]
            var name: Substring?
            while true {
                let path = steps.map { "/\($0)" }.joined()
                if (try? FileStatus.of("\(path)/Chart.yaml")) != nil {
                    self = name == "templates" ? .templates : .inside
                    return
                }
                guard let last = steps.popLast() else { break }
                name = last
            }
            self = .outside
        }
    }

    func list(
        _ directory: String, shown: String, in chart: Chart, into listing: inout FileListing
    ) {
        let names: [String]
        do throws(FileError) {
            names = try Directory.list(directory)
        } catch {
            listing.failures.append((shown, error))
            return
        }
        let isChart = names.contains("Chart.yaml")
        let chart: Chart = isChart ? .inside : chart
        for name in names where !isSkipped(name) {
            let path = shown == "." ? name : "\(shown)/\(name)"
            guard !rules.ignores(path) else { continue }
            do throws(FileError) {
                switch try FileStatus.of("\(directory)/\(name)", followsLinks: false)?.kind {
                case .directory where isChart && name == "templates":
                    guard !omitsTests else { continue }
                    list("\(directory)/\(name)", shown: path, in: .templates, into: &listing)
                case .directory where omits(name, inChart: chart != .outside):
                    listing.omitted.append(path)
                case .directory:
                    list("\(directory)/\(name)", shown: path, in: chart, into: &listing)
                case .regular where name.hasSuffix(".yaml") || name.hasSuffix(".yml"):
                    listing.files.append(path)
                    if chart == .templates { listing.chartTemplates.insert(path) }
                case .regular where chart == .templates && name.hasSuffix(".tpl"):
                    listing.files.append(path)
                    listing.chartTemplates.insert(path)
                default: continue
                }
            } catch {
                listing.failures.append((path, error))
            }
        }
    }

    private func isSkipped(_ name: String) -> Bool {
        name.hasPrefix(".") && (omitsTests || Self.tools.contains(name))
    }

    private func omits(_ name: String, inChart isInChart: Bool) -> Bool {
        omitsTests && (Self.tests.contains(name) || (isInChart && Self.chartTests.contains(name)))
    }
}

/// A list of files, and the files and directories that could not be read.
public struct FileListing: Sendable {
    /// The files, in a stable order.
    public var files: [String] = []
    /// The files that are templates of a chart.
    public var chartTemplates: Set<String> = []
    /// The directories of tests and examples that were omitted.
    public var omitted: [String] = []
    /// The files and directories that could not be read, and the reasons.
    public var failures: [(path: String, error: FileError)] = []
}

// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Pinning
internal import TextSafety
internal import YAML

/// The files that `pin`, `lint`, `promote` and `init` process.
///
/// An error in one file does not stop the others.
struct PinFiles {
    /// A file that could not be read, with the error.
    struct Problem {
        let path: String
        let reason: YAMLError
        /// The effect on the other files.
        let consequence: String

        init(_ path: String, _ error: FileError) {
            self.path = path
            reason = PinFiles.errorWithoutPath(error)
            consequence = Self.unknownTagUse
        }

        /// Creates the problem of a file that is not read.
        init(
            _ path: String, skippedBecause reason: String,
            consequence: String = Self.unknownTagUse
        ) {
            self.path = path
            self.reason = YAMLError(ofFile: reason)
            self.consequence = consequence
        }

        private static let unknownTagUse = "its use of tags as versions is unknown"
    }

    /// The size limit of values files and rendered manifests, in bytes.
    private static let limit = 8 << 20
    private let context: ProgramContext
    /// The paths of the files, as given or found.
    let paths: [String]
    /// The directories of tests and examples that are omitted.
    let omitted: [String]
    /// The files and directories that cannot be read.
    let problems: [Problem]
    private let chartTemplates: Set<String>
    private let templates: ChartTemplates
    private let reader: RepositoryReader
    private let repository: RepositoryFiles
    /// The names in each directory, for test data.
    private var names: [String: [String]] = [:]

    /// Creates the list of files from files and directories.
    ///
    /// - Parameters:
    ///   - paths: The files and directories, as given.
    ///   - rules: The rules with the patterns to ignore.
    ///   - context: The context of the program.
    ///   - omitsTests: A Boolean value that indicates whether directories of tests and examples are
    ///     omitted.
    init(
        _ paths: [String], rules: PinRules, in context: ProgramContext, omitsTests: Bool = false
    ) {
        self.context = context
        let listing = YAMLFiles.list(
            paths, rules: rules, from: context.currentDirectory, omitsTests: omitsTests)
        omitted = listing.omitted
        chartTemplates = listing.chartTemplates
        self.paths = listing.files
        problems = listing.failures.map { Problem($0.path, $0.error) }
        let directory = context.currentDirectory
        let locations = paths.map { YAMLFiles.location(of: $0, from: directory) }
        @Sendable func absolute(_ path: String) -> String {
            path.hasPrefix("/") ? path : "\(directory)/\(path)"
        }
        let templates = ChartTemplates(absolute: absolute)
        self.templates = templates
        let reader = RepositoryReader(in: context, limit: Self.limit)
        self.reader = reader
        repository = RepositoryFiles(
            self.paths, from: directory, list: { reader.listing(around: locations, rules: rules) },
            read: reader.read, names: { (try? Directory.list(absolute($0))) ?? [] },
            templates: templates.readTagReuse)
    }

    /// The files around the others that are not read, with reasons: templates and symbolic links.
    var skippedFiles: [Problem] { templates.skippedTemplates + reader.skippedLinks }

    /// Reads a file.
    ///
    /// - Throws: ``YAMLError`` if the file cannot be read.
    func read(_ path: String) throws(YAMLError) -> [UInt8] {
        do throws(FileError) {
            return try BoundedFile.read(context.absolute(path), limit: Self.limit)
        } catch {
            throw Self.errorWithoutPath(error)
        }
    }

    /// Replaces a file, unless it changed since it was read.
    ///
    /// - Throws: ``YAMLError`` if the file was not replaced.
    func replace(_ path: String, _ old: [UInt8], with new: [UInt8]) throws(YAMLError) {
        guard try read(path) == old else {
            throw YAMLError(
                ofFile:
                    "the file changed during the run and was not written; run again")
        }
        do throws(FileError) {
            try AtomicFile.replace(context.absolute(path), with: new)
        } catch {
            throw Self.errorWithoutPath(error)
        }
    }

    /// Returns a Boolean value that indicates whether a result is that of a chart's template without images.
    func isUnneeded(_ file: PinnedFile) -> Bool {
        file.isEmpty && chartTemplates.contains(file.path)
    }

    /// Lets other files see a file as it will be written.
    func update(_ path: String, to bytes: [UInt8]) { repository.update(path, to: bytes) }

    /// Lets other files see the releases of the files that will be written.
    func readReleasesAgain() { repository.readReleasesAgain() }

    /// Returns the data of other files about a file: its chart, and the files below it.
    mutating func context(of path: String) -> FileContext {
        let directory = Path.directory(of: path)
        return FileContext(
            reuse: repository.tagReuse(ofChartIn: directory), files: repository,
            testTool: FileContext.testTool(amongFiles: names(in: directory)),
            appVersion: ValuesFile.isDefault(path)
                ? repository.appVersion(ofChartIn: directory) : nil,
            isChartTemplate: chartTemplates.contains(path))
    }

    /// Returns the dependencies of a chart whose files are not there, if the file is a `Chart.yaml`.
    func missingDependencies(of path: String, _ bytes: [UInt8]) -> [ChartDependencies.Dependency] {
        guard path == "Chart.yaml" || path.hasSuffix("/Chart.yaml") else { return [] }
        let directory = Path.directory(of: path)
        return ChartDependencies(parsing: bytes).all.filter { dependency in
            !dependency.directories.contains { name in
                (try? FileStatus.of(context.absolute("\(directory)/\(name)/Chart.yaml"))) != nil
            }
        }
    }

    private mutating func names(in directory: String) -> [String] {
        if let known = names[directory] { return known }
        let list = (try? Directory.list(context.absolute(directory))) ?? []
        names[directory] = list
        return list
    }

    /// Returns the error without the path, which reports show separately.
    private static func errorWithoutPath(_ error: FileError) -> YAMLError {
        YAMLError(ofFile: "cannot \(error.operation.rawValue) it: \(error.cause)")
    }
}

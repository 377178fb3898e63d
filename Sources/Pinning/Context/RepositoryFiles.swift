// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import YAML

/// Reads files around a file, each once.
///
/// The closures do the I/O and its limits; a file that cannot be read is as good as none here.
public final class RepositoryFiles: Sendable {
    /// Returns the content of a file, or `nil` if there is none.
    public typealias Read = @Sendable (String) -> [UInt8]?
    /// Returns the names of the files in a directory; `.` is the working directory.
    public typealias ListNames = @Sendable (String) -> [String]
    /// Returns the use of tags in the templates of the chart in a directory; `.` is the working
    /// directory.
    public typealias ReadTemplates = @Sendable (String) -> TagReuse

    /// Returns the files of the repository.
    public typealias List = @Sendable () -> RepositoryListing

    /// A parsed values file.
    struct Values {
        let root: YAMLNode
        let anchors: Anchors
        let scope: ValuesScope
    }

    /// Parsed files, with the number of their bytes.
    private struct ParsedFiles {
        var all: [String: Values] = [:]
        var byteCount = 0
    }

    /// The dependencies of a chart, by the name or alias that values call them by.
    typealias Dependencies = [String: [ChartDependencies.Dependency]]

    /// The maximum number of bytes of the parsed files that are kept.
    private static let byteLimit = 1 << 20
    /// The maximum number of paths of missing files that are kept.
    private static let missingLimit = 50_000

    private let read: Read
    private let listNames: ListNames
    private let readTemplates: ReadTemplates
    private let parsed = Mutex<ParsedFiles>(ParsedFiles())
    private let missing = Mutex<Set<String>>([])
    private let names = Mutex<[String: DirectoryNames]>([:])
    private let updated = Mutex<[String: [UInt8]]>([:])
    private let hasOldReleases = Mutex(false)
    private let reuses = Mutex<[String: TagReuse]>([:])
    private let dependencies = Mutex<[String: Dependencies]>([:])
    /// The kustomizations of the repository.
    let kustomizations: Kustomizations
    private let releases: Releases

    /// Creates a reader.
    ///
    /// - Parameters:
    ///   - paths: The paths of all files to process.
    ///   - workingDirectory: The directory of relative paths; empty if there are no others.
    ///   - list: Lists the files of the repository; `nil` if they are those to process.
    ///   - read: Reads a file.
    ///   - names: Lists the names in a directory.
    ///   - templates: Reads the templates of a chart.
    public init(
        _ paths: [String] = [], from workingDirectory: String = "", list: List? = nil,
        read: @escaping Read, names: @escaping ListNames = { _ in [] },
        templates: @escaping ReadTemplates = { _ in TagReuse() }
    ) {
        let repositoryPaths = RepositoryPaths(in: workingDirectory)
        kustomizations = Kustomizations(repositoryPaths)
        releases = Releases(repositoryPaths, list: list ?? { RepositoryListing(paths) })
        self.read = read
        listNames = names
        self.readTemplates = templates
    }

    /// Returns the first document of a file; `nil` if there is no such file, or if it is not YAML.
    func values(in path: String) -> Values? {
        if let known = parsed.withLock({ $0.all[path] }) { return known }
        guard !missing.withLock({ $0.contains(path) }) else { return nil }
        var budget = Anchors.mergeLimit
        let bytes = bytes(of: path)
        guard let bytes, let root = stream(parsing: bytes, of: path)?.documents.first?.root,
            let anchors = try? Anchors(root, mergeBudget: &budget)
        else {
            missing.withLock { paths in
                if paths.count >= Self.missingLimit { paths.removeAll() }
                paths.insert(path)
            }
            return nil
        }
        let values = Values(root: root, anchors: anchors, scope: ValuesScope(root))
        parsed.withLock { files in
            if files.byteCount + bytes.count > Self.byteLimit { files = ParsedFiles() }
            // A file without content needs memory too.
            files.byteCount += bytes.count + 256
            files.all[path] = values
        }
        return values
    }

    private func stream(parsing bytes: [UInt8], of path: String) -> YAMLDocumentStream? {
        if path.hasSuffix(".gotmpl") { return TemplatedYAML.stream(parsing: bytes) }
        return try? YAMLDocumentStream(parsing: bytes, limits: FileText.limits)
    }

    /// Returns the content of a file; `nil` if there is none.
    func bytes(of path: String) -> [UInt8]? { updated.withLock { $0[path] } ?? read(path) }

    /// Uses other content for a file, which will be written; its releases stay those that were read.
    public func update(_ path: String, to bytes: [UInt8]) {
        updated.withLock { $0[path] = bytes }
        parsed.withLock { $0.all[path] = nil }
        if path.hasSuffix("fleet.yaml") || ReleaseMarkers.occur(in: bytes) {
            hasOldReleases.withLock { $0 = true }
        }
    }

    /// Reads the releases of the repository again, if an updated file has any.
    public func readReleasesAgain() {
        let isNeeded = hasOldReleases.withLock { isNeeded in
            defer { isNeeded = false }
            return isNeeded
        }
        if isNeeded { releases.forget() }
    }

    /// Returns the names in a directory.
    func names(in directory: String) -> DirectoryNames {
        let directory = Self.named(directory)
        if let known = names.withLock({ $0[directory] }) { return known }
        let table = DirectoryNames(listNames(directory))
        names.withLock { $0[directory] = table }
        return table
    }

    /// Returns the releases that use a file with values.
    func releases(withFile path: String) -> Releases.Uses { releases.uses(of: path, in: self) }

    /// Returns a Boolean value that indicates whether a release has the values of a file.
    func isNamedByRelease(_ path: String) -> Bool { releases.areUsing(path, in: self) }

    /// Returns the values of the patches of a resource in a file.
    func patches(
        of resource: PatchedReleases.Resource, in file: String
    ) -> [[ReleaseValues.Source]] {
        releases.patches(of: resource, in: file, self)
    }

    /// A Boolean value that indicates whether all patches of releases were found.
    var hasAllPatches: Bool { releases.hasAllPatches(in: self) }

    /// Returns a Boolean value that indicates whether a path is that of a file of the repository, and not
    /// of a symbolic link.
    func contains(_ path: String) -> Bool { releases.contains(path, in: self) }

    /// The names of the directories with charts.
    var chartNames: Set<String> { releases.chartNames(in: self) }

    /// Returns the files on which a Helmfile is based, at most 16.
    ///
    /// Source: Helmfile, § Layering: `bases`.
    func helmfileBases(
        of stream: YAMLDocumentStream, in file: String
    ) -> [HelmfileReleases.Base] {
        let directory = LexicalPath.directory(of: file)
        let stated = stream.documents.flatMap { $0.root["bases"]?.items ?? [] }.compactMap(\.text)
        return stated.prefix(16).compactMap { stated in
            let isAbsolute = stated.hasPrefix("/") || directory.hasPrefix("/")
            let steps = LexicalPath.steps(of: stated.hasPrefix("/") ? stated : directory + stated)
            let path = (isAbsolute ? "/" : "") + steps.joined(separator: "/")
            return bytes(of: path).flatMap(TemplatedYAML.stream).map {
                HelmfileReleases.Base(file: path, stream: $0)
            }
        }
    }

    /// Returns the files and resources with the kustomizations of the repository.
    func kustomizationInputs() -> Kustomizations.Inputs { releases.kustomizationInputs(in: self) }

    /// Returns a directory without a slash at its end; `.` for the working directory.
    private static func named(_ directory: String) -> String {
        var directory = directory
        while directory.utf8.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        return directory.isEmpty ? "." : directory
    }

    /// Returns the `appVersion` of the chart in a directory, or `nil` if there is none.
    public func appVersion(ofChartIn directory: String) -> String? {
        let path = directory == "." ? "Chart.yaml" : "\(directory)/Chart.yaml"
        return values(in: path)?.root["appVersion"].flatMap(MergedMapping.text)
    }

    /// Returns the dependencies of the chart in a directory.
    func dependencies(ofChartIn directory: String) -> Dependencies {
        if let known = dependencies.withLock({ $0[directory] }) { return known }
        let root = values(in: "\(directory)Chart.yaml")?.root
        let table = Dependencies(
            grouping: root.map { ChartDependencies($0).all } ?? [], by: \.alias)
        dependencies.withLock { $0[directory] = table }
        return table
    }

    /// Returns how the templates of a chart use tags; nothing for a directory without a chart.
    ///
    /// - Parameter directory: The directory, with or without a slash; empty for the working directory.
    /// - Returns: The use of tags.
    public func tagReuse(ofChartIn directory: String) -> TagReuse {
        let directory = Self.named(directory)
        if let known = reuses.withLock({ $0[directory] }) { return known }
        let reuse = readTemplates(directory)
        reuses.withLock { $0[directory] = reuse }
        return reuse
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import YAML

/// The kustomizations of a repository, and the images of manifests that their `images` replace.
///
/// They are those of the files to process, and those in directories above a manifest.
///
/// Source: kustomize, `images`, `resources`, `bases`, `components` and `patches`.
final class Kustomizations: Sendable {
    /// The graph of the kustomizations.
    private struct Graph {
        /// The names that a kustomization replaces, also by its components, by its directory.
        var names: [String: Set<String>] = [:]
        /// The new names of those that keep their tags and digests, by directory and name.
        var newNames: [String: [String: String]] = [:]
        /// The directories of the kustomizations that read a file or a directory.
        var readers: [String: Set<String>] = [:]
        /// The components of a kustomization, by their directories.
        var components: [String: [String]] = [:]
        /// The directories in which a kustomization was looked for.
        var visited: Set<String> = []
        /// A Boolean value that indicates whether the kustomizations to process are in the graph.
        var isComplete = false
        /// The number of kustomizations that may still be visited.
        var budget = 2_000_000
    }

    static let fileNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"]
    /// The maximum number of kustomizations that are read.
    private static let limit = 20_000

    private let directories: [String]
    private let graph = Mutex(Graph())

    /// Creates a table.
    ///
    /// - Parameter files: The paths of all files to process, of which others are ignored.
    init(among files: [String]) {
        directories = Array(
            files.lazy.filter { path in
                Self.fileNames.contains(String(path.split(separator: "/").last ?? ""))
            }.prefix(Self.limit).map(LexicalPath.directory))
    }

    /// The kustomizations that replace an image of a manifest.
    struct Replacement {
        /// The directories of the kustomizations, each with a slash at its end.
        var directories: [String] = []
        /// The new names of the image with the tag and the digest of the manifest.
        var newNames: [String] = []
        /// A Boolean value that indicates whether each kustomization with the manifest that no other
        /// one reads has the replaced image.
        var isComplete = true
    }

    /// Returns the kustomizations that replace an image of a manifest.
    ///
    /// - Parameters:
    ///   - image: The text of the image in the manifest.
    ///   - manifest: The path of the manifest.
    ///   - files: The files of the repository.
    /// - Returns: The kustomizations.
    func replacement(
        of image: String, in manifest: String, of files: RepositoryFiles
    ) -> Replacement {
        let name = Self.name(of: image)
        let path = LexicalPath.normalizedDirectory(manifest)
        let above = LexicalPath.directories(above: manifest).prefix(BaseFinder.levels)
        return graph.withLock { graph in
            for directory in (graph.isComplete ? [] : directories) + above {
                Self.read(LexicalPath.normalizedDirectory(directory), of: files, into: &graph)
            }
            graph.isComplete = true
            return Self.replacement(of: name, in: path, &graph)
        }
    }

    private static func replacement(
        of name: String, in path: String, _ graph: inout Graph
    ) -> Replacement {
        var result = Replacement()
        var pending = Array(graph.readers[path] ?? [])
        var seen = Set(pending)
        while let directory = pending.popLast() {
            graph.budget -= 1
            guard graph.budget > 0 else { return Replacement(isComplete: false) }
            if graph.names[directory]?.contains(name) ?? false {
                result.directories.append(directory)
                if let new = graph.newNames[directory]?[name] { result.newNames.append(new) }
                continue
            }
            let readers = graph.readers[directory] ?? []
            if readers.isEmpty { result.isComplete = false }
            pending += readers.filter { seen.insert($0).inserted }
        }
        result.directories.sort()
        result.newNames.sort()
        return result
    }

    /// Returns the text of an image without its tag and digest.
    private static func name(of image: String) -> String {
        let name = image.prefix { $0 != "@" }
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else {
            return String(name)
        }
        return String(name[..<colon])
    }

    /// Reads the kustomization in a directory, and its components.
    private static func read(
        _ directory: String, of files: RepositoryFiles, into graph: inout Graph
    ) {
        var pending = [directory]
        var order: [String] = []
        while let directory = pending.popLast() {
            guard graph.visited.count < limit, graph.visited.insert(directory).inserted,
                let root = fileNames.lazy.compactMap({ files.values(in: directory + $0)?.root })
                    .first
            else { continue }
            order.append(directory)
            let images = (root["images"]?.items ?? []).filter { image in
                ["newName", "newTag", "digest"].contains { image[$0]?.text?.isEmpty == false }
            }
            graph.names[directory] = Set(images.compactMap { $0["name"]?.text })
            graph.newNames[directory] = newNames(of: images)
            let components = targets(of: ["components"], in: root, from: directory)
            graph.components[directory] = components
            pending += components
            let patches = (root["patches"]?.items ?? []).compactMap { $0["path"]?.text }
            for target in targets(
                of: ["resources", "bases", "components", "patchesStrategicMerge"], in: root,
                from: directory)
                + patches.compactMap({ LexicalPath.directory($0, from: directory) })
            {
                graph.readers[target, default: []].insert(directory)
            }
        }
        // A component is read after the kustomization that lists it.
        for directory in order.reversed() {
            for component in graph.components[directory] ?? [] {
                let (names, newNames) = (graph.names[component], graph.newNames[component])
                graph.names[directory]?.formUnion(names ?? [])
                graph.newNames[directory]?.merge(newNames ?? [:]) { own, _ in own }
            }
        }
    }

    /// Returns the new names of the images that keep their tags and digests.
    private static func newNames(of images: [YAMLNode]) -> [String: String] {
        var result: [String: String] = [:]
        for image in images
        where ["newTag", "digest"].allSatisfy({ image[$0]?.text?.isEmpty ?? true }) {
            if let name = image["name"]?.text { result[name] = image["newName"]?.text }
        }
        return result
    }

    /// Returns the files and directories that the lists of a kustomization name.
    static func targets(
        of keys: [String], in root: YAMLNode, from directory: String
    ) -> [String] {
        keys.flatMap { root[$0]?.items ?? [] }.compactMap { item in
            item.text.flatMap { LexicalPath.directory($0, from: directory) }
        }
    }
}

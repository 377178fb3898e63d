// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import YAML

/// The kustomizations of a repository, and the images of manifests that they replace.
///
/// They are those of the repository, and those in directories above a manifest.
///
/// Source: kustomize, `images`, `replacements`, `resources`, `bases`, `components` and `patches`.
final class Kustomizations: Sendable {
    /// The files and resources of a repository from which the graph is created.
    struct Inputs {
        /// The canonical paths of all files, sorted.
        var paths: [String] = []
        /// The canonical paths of the directories of repositories, each with a slash at its end.
        var roots: [String] = []
        var builds: [KustomizeBuild] = []
        var isComplete = true
    }

    static let fileNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"]

    private let names: RepositoryPaths
    private let state: Mutex<State>

    private struct State {
        var graph: KustomizationGraph
        /// A Boolean value that indicates whether the kustomizations of the repository are in the graph.
        var isComplete = false
    }

    /// Creates a table.
    init(_ names: RepositoryPaths) {
        self.names = names
        state = Mutex(State(graph: KustomizationGraph(names)))
    }

    /// The kustomizations, and the resources that build them, that replace an image of a manifest.
    struct Replacement {
        /// Their names, for messages.
        var replacing: [String] = []
        /// The new names of the image with the tag and the digest of the manifest, and their origins.
        var newNames: [(name: String, origin: String)] = []
        /// The origin of a replacement of a part of the image.
        var partOrigin: String?
        /// A Boolean value that indicates whether each kustomization with the manifest that no other
        /// one reads has the replaced image.
        var isComplete = true
        /// A Boolean value that indicates whether the search ended at a limit.
        var isLimited = false
    }

    /// Returns the kustomizations that replace an image of a manifest.
    ///
    /// - Parameters:
    ///   - name: The text of the image, if kustomize compares it with names of images.
    ///   - image: The image in the resource.
    ///   - manifest: The path of the manifest.
    ///   - files: The files of the repository.
    /// - Returns: The kustomizations.
    func replacement(
        of name: String?, _ image: FieldReplacement.Image, in manifest: String,
        of files: RepositoryFiles
    ) -> Replacement {
        let name = name.map(ReplacedImages.name)
        return withGraph(around: manifest, of: files) { graph, isComplete in
            let start = start(at: manifest, in: graph)
            var result = Self.replacement(from: start, &graph) { node in
                if let name, node.images.names.contains(name) { return true }
                return node.fields.contains { $0.effect(on: image) == .whole }
            } found: { node, result in
                if let name, let new = node.images.newNames[name] {
                    result.newNames.append((new, node.name))
                }
            }
            if !isComplete, !start.isEmpty { result.isLimited = true }
            result.partOrigin = first(readersOf: manifest, in: &graph) { node in
                node.fields.contains { $0.effect(on: image) == .part }
            }
            return result
        }
    }

    /// Returns the kustomizations that replace an image after another kustomization has named it.
    ///
    /// - Parameters:
    ///   - name: The name that the kustomization gives the image.
    ///   - file: The path of the kustomization.
    ///   - files: The files of the repository.
    /// - Returns: The kustomizations.
    func replacement(
        ofNamed name: String, by file: String, of files: RepositoryFiles
    ) -> Replacement {
        withGraph(around: file, of: files) { graph, _ in
            let directory = LexicalPath.directory(of: names.canonical(file))
            let start = Array(graph.readers[directory] ?? [])
            return Self.replacement(from: start, &graph) { node in
                node.images.names.contains(name)
            } found: { node, result in
                if let new = node.images.newNames[name] {
                    result.newNames.append((new, node.name))
                }
            }
        }
    }

    /// Returns the origin of a replacement that changes parts of images that a kustomization sets, or copies a
    /// part of a value that it generates.
    ///
    /// - Parameters:
    ///   - isPart: Returns a Boolean value that indicates whether a replacement does.
    ///   - file: The path of the kustomization.
    ///   - files: The files of the repository.
    /// - Returns: The origin; `nil` if there is none.
    func origin(
        of isPart: (FieldReplacement) -> Bool, for file: String, of files: RepositoryFiles
    ) -> String? {
        withGraph(around: file, of: files) { graph, _ in
            first(readersOf: file, in: &graph) { $0.fields.contains(where: isPart) }
        }
    }

    private func withGraph<Value>(
        around manifest: String, of files: RepositoryFiles,
        _ body: (inout KustomizationGraph, _ isComplete: Bool) -> Value
    ) -> Value {
        // Before the lock, because it reads the repository.
        let inputs = files.kustomizationInputs()
        return state.withLock { state in
            if !state.isComplete {
                state.isComplete = true
                for path in inputs.paths
                where Self.fileNames.contains(String(path.split(separator: "/").last ?? "")) {
                    state.graph.read(LexicalPath.directory(of: path), of: files)
                }
                state.graph.add(inputs.builds, among: inputs.paths, in: inputs.roots, of: files)
            }
            let path = names.canonical(manifest)
            for directory in LexicalPath.directories(above: path).prefix(BaseFinder.levels) {
                state.graph.read(directory, of: files)
            }
            return body(&state.graph, inputs.isComplete)
        }
    }

    /// Returns the nodes that read a file; its own one for a kustomization with patches.
    private func start(at file: String, in graph: KustomizationGraph) -> [String] {
        let path = names.canonical(file)
        let directory = LexicalPath.directory(of: path)
        let isKustomization = Self.fileNames.contains(String(path.dropFirst(directory.count)))
        return Array(graph.readers["\(path)/"] ?? []) + (isKustomization ? [directory] : [])
    }

    private static func replacement(
        from start: [String], _ graph: inout KustomizationGraph,
        where isReplaced: (KustomizationGraph.Node) -> Bool,
        found: (KustomizationGraph.Node, inout Replacement) -> Void
    ) -> Replacement {
        var result = Replacement()
        var pending = start
        var seen = Set(pending)
        while let key = pending.popLast() {
            graph.budget -= 1
            guard graph.budget > 0 else { return Replacement(isComplete: false, isLimited: true) }
            if let node = graph.nodes[key], isReplaced(node) {
                result.replacing.append(node.name)
                found(node, &result)
                continue
            }
            let readers = graph.readers[key] ?? []
            if readers.isEmpty { result.isComplete = false }
            pending += readers.filter { seen.insert($0).inserted }
        }
        result.replacing.sort()
        result.newNames.sort { ($0.name, $0.origin) < ($1.name, $1.origin) }
        return result
    }

    /// Returns the name of a node that reads a file, also through others.
    private func first(
        readersOf file: String, in graph: inout KustomizationGraph,
        where isIncluded: (KustomizationGraph.Node) -> Bool
    ) -> String? {
        var pending = start(at: file, in: graph)
        var seen = Set(pending)
        var found: [String] = []
        while let key = pending.popLast() {
            graph.budget -= 1
            guard graph.budget > 0 else { break }
            if let node = graph.nodes[key], isIncluded(node) { found.append(node.name) }
            pending += (graph.readers[key] ?? []).filter { seen.insert($0).inserted }
        }
        return found.min()
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

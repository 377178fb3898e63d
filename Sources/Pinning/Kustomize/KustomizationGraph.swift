// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The kustomizations of a repository and the resources that build them, with the files that each reads.
///
/// Paths are canonical; those of directories end with a slash, as do those of files in tables.
struct KustomizationGraph {
    /// A kustomization, by its directory, or a resource that builds one.
    struct Node {
        /// The images that it replaces, also by its components.
        var images = ReplacedImages()
        /// The fields that it replaces, also by its components.
        var fields: [FieldReplacement] = []
        /// The directories of its components.
        var components: [String] = []
        /// The name for messages.
        var name: String
    }

    private(set) var nodes: [String: Node] = [:]
    /// The nodes that read a file or a directory.
    private(set) var readers: [String: Set<String>] = [:]
    /// The directories in which a kustomization was looked for.
    private var visited: Set<String> = []
    /// The number of nodes that may still be visited.
    var budget = 2_000_000

    /// The maximum number of kustomizations that are read.
    private static let limit = 20_000

    private let names: RepositoryPaths

    init(_ names: RepositoryPaths) { self.names = names }

    /// Returns the kustomization in a directory, with its file.
    static func root(
        in directory: String, _ names: RepositoryPaths, _ files: RepositoryFiles
    ) -> YAMLNode? {
        Kustomizations.fileNames.lazy
            .compactMap { files.values(in: names.shown(directory + $0))?.root }.first
    }

    /// Reads the kustomization in a directory, and its components.
    mutating func read(_ directory: String, of files: RepositoryFiles) {
        mergeComponents(of: readAll(from: [directory], files))
    }

    /// Adds the resources that build kustomizations.
    ///
    /// - Parameters:
    ///   - builds: The resources.
    ///   - paths: The canonical paths of all files, sorted.
    ///   - roots: The canonical paths of the directories of repositories.
    ///   - files: The files of the repository.
    mutating func add(
        _ builds: [KustomizeBuild], among paths: [String], in roots: [String],
        of files: RepositoryFiles
    ) {
        var targets = BuildTargets(paths, roots: roots)
        for (number, build) in builds.enumerated() {
            // The keys of directories end with a slash.
            let key = "#\(number)"
            let found = targets.targets(of: build)
            guard !found.isEmpty else { continue }
            for target in found { readers[target, default: []].insert(key) }
            let components = found.flatMap { target in
                build.components.compactMap { LexicalPath.directory($0, from: target) }
            }
            nodes[key] = Node(
                images: build.images, components: components,
                name: "the \(build.kind) in \(names.shown(build.file))")
            mergeComponents(of: readAll(from: components, files) + [key])
        }
    }

    /// Reads kustomizations and their components.
    ///
    /// - Returns: Those that were not read before, each before its components.
    private mutating func readAll(
        from directories: [String], _ files: RepositoryFiles
    ) -> [String] {
        var pending = directories
        var order: [String] = []
        while let directory = pending.popLast() {
            guard visited.count < Self.limit, visited.insert(directory).inserted,
                let root = Self.root(in: directory, names, files)
            else { continue }
            order.append(directory)
            let shown = names.shown(String(directory.dropLast()))
            var node = Node(
                images: ReplacedImages(root["images"]?.items ?? []),
                name: "the kustomization in \(shown.isEmpty ? "." : shown)")
            node.fields = FieldReplacement.all(in: root) { path in
                LexicalPath.directory(path, from: directory).flatMap { file in
                    files.values(in: names.shown(String(file.dropLast())))?.root
                }
            }
            node.components = Kustomizations.targets(of: ["components"], in: root, from: directory)
            nodes[directory] = node
            pending += node.components
            let patches = (root["patches"]?.items ?? []).compactMap { $0["path"]?.text }
            for target in Kustomizations.targets(
                of: ["resources", "bases", "components", "patchesStrategicMerge"], in: root,
                from: directory)
                + patches.compactMap({ LexicalPath.directory($0, from: directory) })
            {
                readers[target, default: []].insert(directory)
            }
        }
        // Components of a build come first.
        return order.reversed()
    }

    /// Adds the replacements of components to those that list them; a component comes first.
    private mutating func mergeComponents(of keys: [String]) {
        for key in keys {
            for component in nodes[key]?.components ?? [] {
                guard let node = nodes[component] else { continue }
                nodes[key]?.images.merge(node.images)
                nodes[key]?.fields += node.fields
            }
        }
    }
}

/// Finds the directories and files that resources build.
private struct BuildTargets {
    private let paths: [String]
    private let roots: [String]
    private var tree: FileTree
    /// The directories with kustomizations.
    private let directories: Set<String>
    /// The number of files that may still be compared.
    private var budget = 2_000_000

    /// The maximum number of directories above a file from which paths can start.
    private static let levels = 16

    init(_ paths: [String], roots: [String]) {
        self.paths = paths
        self.roots = roots
        let kustomizations = paths.filter {
            Kustomizations.fileNames.contains(String($0.split(separator: "/").last ?? ""))
        }
        tree = FileTree(kustomizations)
        directories = Set(kustomizations.map(LexicalPath.directory))
    }

    /// Returns the kustomizations and files that a resource builds.
    mutating func targets(of build: KustomizeBuild) -> Set<String> {
        var found: Set<String> = []
        for stated in build.directories {
            let isRoot = LexicalPath.steps(of: "/\(stated)").isEmpty
            let origins = LexicalPath.directories(above: build.file)
                .filter { !isRoot || roots.contains($0) }.prefix(Self.levels)
            for origin in origins {
                let relative = stated.drop { $0 == "/" }
                if stated.contains("{{") || stated.contains(TemplatedYAML.begin) {
                    for name in Kustomizations.fileNames {
                        let pattern = FilePattern("\(relative)/\(name)", from: origin)
                        let matches = tree.files(matching: pattern, limit: .max)
                        found.formUnion(matches.all.map { LexicalPath.directory(of: $0.path) })
                    }
                } else if let directory = LexicalPath.directory(String(relative), from: origin) {
                    found.formUnion(targets(in: directory, build))
                }
            }
        }
        return found
    }

    private mutating func targets(in directory: String, _ build: KustomizeBuild) -> [String] {
        if directories.contains(directory) { return [directory] }
        guard build.buildsPlainDirectories else { return [] }
        var index = paths.partition(before: directory)
        var found: [String] = []
        while index < paths.count, paths[index].hasPrefix(directory), budget > 0 {
            budget -= 1
            // A directory with a kustomization is built as one.
            let below = LexicalPath.directories(above: paths[index])
                .prefix { $0.utf8.count > directory.utf8.count }
            found.append(below.last(where: directories.contains) ?? "\(paths[index])/")
            index += 1
        }
        return found
    }
}

extension [String] {
    /// Returns the index of the first element of a sorted list that is not before a text.
    fileprivate func partition(before text: String) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < text { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

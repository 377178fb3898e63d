// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The kustomizations of a repository with their patches of releases, by the files and directories that they read.
///
/// Paths are canonical; those of directories end with a slash, as do those of files in tables.
///
/// Source: kustomize, `resources`, `components` and `patches`; Flux, `Kustomization` § Patches and § Components.
struct PatchGraph {
    /// A kustomization.
    private struct Node {
        let patches: [ReleasePatch]
        /// The directories of its components.
        let components: [String]
        let setsNamespace: Bool
    }

    /// A directory that Flux builds, with the patches of the resource and its components.
    private struct Build {
        let patches: [ReleasePatch]
        let components: [String]
        let setsNamespace: Bool
    }

    /// The directories with kustomizations.
    private var directories: Set<String> = []
    /// The kustomizations of Flux, with their files.
    private var specs: [(root: YAMLNode, file: String)] = []
    private var nodes: [String: Node] = [:]
    /// The kustomizations that read a file or a directory.
    private var readers: [String: [String]] = [:]
    /// The builds of a directory.
    private var builds: [String: [Build]] = [:]
    /// The patches of a kustomization after those of its components.
    private var merged: [String: [ReleasePatch]] = [:]

    /// The number of kustomizations and patches that may still be visited.
    private var budget = 2_000_000
    /// A Boolean value that indicates whether all patches were found.
    var isComplete: Bool { budget > 0 }
    /// A Boolean value that indicates whether there are no patches.
    private(set) var isEmpty = true

    /// The maximum number of components in components.
    private static let depthLimit = 32

    private let names: RepositoryPaths
    private let files: RepositoryFiles

    init(_ names: RepositoryPaths, _ files: RepositoryFiles) {
        self.names = names
        self.files = files
    }

    /// Adds the kustomization in a directory.
    mutating func add(_ directory: String) { directories.insert(directory) }

    /// Adds the `spec` of Flux's `Kustomization` in a file.
    mutating func add(_ spec: YAMLNode, of file: String) { specs.append((spec, file)) }

    /// Reads the kustomizations.
    mutating func link() {
        var pending = directories.sorted()
        while let directory = pending.popLast() {
            guard nodes[directory] == nil, let (root, file) = kustomization(in: directory) else {
                continue
            }
            let components = Kustomizations.targets(of: ["components"], in: root, from: directory)
            let node = Node(
                patches: patches(in: root, of: file, from: directory), components: components,
                setsNamespace: root["namespace"] != nil)
            nodes[directory] = node
            isEmpty = isEmpty && node.patches.isEmpty
            let targets = Kustomizations.targets(
                of: ["resources", "bases", "components"], in: root, from: directory)
            for target in Set(targets) {
                readers[target, default: []].append(directory)
                // Rules can ignore kustomizations that others read.
                if !target.hasSuffix(".yaml/"), !target.hasSuffix(".yml/") {
                    pending.append(target)
                }
            }
        }
        for (spec, file) in specs {
            guard let stated = spec["path"]?.text else { continue }
            let patches = patches(
                in: spec, of: names.shown(file), from: LexicalPath.directory(of: file))
            let components = (spec["components"]?.items ?? []).compactMap(\.text)
            guard !patches.isEmpty || !components.isEmpty else { continue }
            isEmpty = isEmpty && patches.isEmpty
            for origin in LexicalPath.directories(above: file) {
                guard
                    let target = LexicalPath.directory(
                        String(stated.drop { $0 == "/" }), from: origin)
                else { continue }
                builds[target, default: []].append(
                    Build(
                        patches: patches,
                        components: components.compactMap {
                            LexicalPath.directory($0, from: target)
                        }, setsNamespace: spec["targetNamespace"] != nil))
            }
        }
    }

    private func kustomization(in directory: String) -> (root: YAMLNode, file: String)? {
        Kustomizations.fileNames.lazy.compactMap { name in
            let file = names.shown(directory + name)
            return files.values(in: file).map { ($0.root, file) }
        }.first
    }

    private func patches(
        in root: YAMLNode, of file: String, from directory: String
    ) -> [ReleasePatch] {
        ReleasePatch.all(in: root, of: file) { stated in
            let path = names.shown(
                LexicalPath.steps(of: directory + stated).joined(separator: "/"))
            return files.bytes(of: path).map { (path, $0) }
        }
    }

    /// Returns the patches of a kustomization after those of its components.
    private mutating func patches(of directory: String, depth: Int = 0) -> [ReleasePatch] {
        if let known = merged[directory] { return known }
        guard let node = nodes[directory], budget > 0 else { return [] }
        guard depth < Self.depthLimit else {
            budget = 0
            return []
        }
        // A component of itself has no patches before its own.
        merged[directory] = []
        let found = node.components.flatMap { patches(of: $0, depth: depth + 1) } + node.patches
        budget -= found.count
        merged[directory] = found
        return found
    }

    /// The patches for a file.
    struct Found {
        /// The patches of each kustomization that reads the file, directly or through others.
        var all: [[ReleasePatch]] = []
        /// A Boolean value that indicates whether one of them sets the namespace of all resources.
        var isMoved = false
    }

    /// Returns the patches for the releases in a file.
    mutating func patches(ofFile path: String) -> Found {
        var found = Found()
        var visited: Set<String> = []
        var pending = ["\(path)/"]
        while let key = pending.popLast() {
            budget -= 1
            guard budget > 0 else { return found }
            for reader in readers[key] ?? [] where visited.insert(reader).inserted {
                pending.append(reader)
                found.isMoved = found.isMoved || nodes[reader]?.setsNamespace ?? false
                add(patches(of: reader), to: &found)
            }
            guard !builds.isEmpty else { continue }
            // Flux also reads the files of a directory without a kustomization, and those below it.
            for directory in LexicalPath.directories(above: key) {
                budget -= 1
                guard directory == key || nodes[directory] == nil,
                    visited.insert("build of \(directory)").inserted
                else { continue }
                for build in builds[directory] ?? [] {
                    found.isMoved = found.isMoved || build.setsNamespace
                    add(
                        build.components.flatMap { patches(of: $0) } + build.patches, to: &found)
                }
            }
        }
        return found
    }

    private func add(_ patches: [ReleasePatch], to found: inout Found) {
        if !patches.isEmpty { found.all.append(patches) }
    }
}

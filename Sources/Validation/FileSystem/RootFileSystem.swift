// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import struct Synchronization.Atomic

/// The root file system of a container: the layers of an image, applied one after the other.
///
/// Layers are not merged. Each lookup goes from the top layer down, so layers that images share are
/// stored once. A result never depends on an unscanned layer: if it would, or if the lookup budget
/// is exhausted, the result is `undetermined`.
///
/// Source: image-spec, layer.md § Applying Changesets.
struct RootFileSystem {
    /// The treatment of a symbolic link that an upper layer uses as a directory: it has `bin/app`
    /// and no entry for `bin`, which is a link to `usr/bin` in a lower layer.
    ///
    /// The specification does not decide it, and runtimes differ.
    enum LinkHandling: Hashable, Sendable, CaseIterable {
        /// The entry is written through the link.
        ///
        /// Source: containerd's native snapshotter and Docker's vfs driver, which apply a layer to
        /// a copy of the layers below.
        case followed
        /// A directory replaces the link.
        ///
        /// Source: containerd's overlayfs snapshotter and Docker's overlay2 driver, which apply a
        /// layer to a directory of its own, without the layers below.
        case replaced
    }

    /// The layers, base layer first; `nil` for a layer that was not scanned.
    let layers: [LayerFileTree?]
    /// The treatment of links that a layer uses as directories.
    let linkHandling: LinkHandling
    /// The budget of path lookups.
    let budget: LookupBudget
    /// The directories to which upper layers write through links.
    private var redirections: [PathKey: [Redirection]] = [:]
    /// The layers that create a directory because they write through a link to it.
    private var createdDirectories: [PathKey: Set<Int>] = [:]

    /// A directory of one layer whose entries are in another directory of the container.
    fileprivate struct Redirection {
        let layer: Int
        /// The path of the directory in the layer.
        let key: PathKey
    }

    /// The maximum number of symbolic links that are followed in one path.
    ///
    /// Source: Linux, path_resolution(7).
    static let maximumHops = 40

    /// The maximum length of a path in bytes.
    ///
    /// Source: Linux, `PATH_MAX`, which includes the terminating null byte.
    static let maximumPathByteCount = 4095

    init(
        layers: [LayerFileTree?], linkHandling: LinkHandling = .followed,
        budget: LookupBudget = LookupBudget()
    ) {
        self.layers = layers
        self.linkHandling = linkHandling
        self.budget = budget
        if linkHandling == .followed { findRedirections() }
    }

    /// A Boolean value that indicates whether every layer was scanned.
    var isComplete: Bool { !layers.contains { $0 == nil } }

    /// A link that an upper layer uses as a directory, and the index of that layer.
    private(set) var replacedLink: (path: LayerPath, layer: Int)?

    /// Finds the links of lower layers that upper layers use as directories.
    private mutating func findRedirections() {
        var links: [PathKey: LayerPath] = [:]
        for (position, layer) in layers.enumerated() {
            defer { links.merge(layer?.linkPaths ?? [:]) { _, new in new } }
            guard let layer, !links.isEmpty else { continue }
            for key in layer.directoriesWithoutEntry where !budget.isExhausted {
                budget.consume(1)
                guard let path = links[key], !layer.hasWhiteout(of: key) else { continue }
                let end = walk(
                    path.bytes, below: position, createsDirectories: true, mounts: false)
                guard case .directory(let directories) = end else { continue }
                for directory in directories {
                    createdDirectories[directory.key, default: []].insert(position)
                }
                let target = directories.last?.key ?? .root
                redirections[target, default: []].append(Redirection(layer: position, key: key))
                replacedLink = replacedLink ?? (path, position)
            }
        }
    }

    // MARK: One component

    /// A directory in a path.
    struct Directory {
        fileprivate let name: ArraySlice<UInt8>
        fileprivate let key: PathKey
        /// The lowest layer whose contents of the directory are visible.
        fileprivate let floor: Int
        /// The directories of layers that are written to this one.
        fileprivate let redirections: [Redirection]
    }

    /// The result of looking up a name in a directory.
    enum PathLookup: Hashable {
        case entry(LayerEntry)
        case nothing
        /// The result depends on a layer that was not scanned.
        case undetermined
    }

    /// The result of a lookup, and the index of the layer that it comes from.
    typealias LayerLookup = (found: PathLookup, layer: Int)

    /// Returns the root directory of the layers below `top`.
    func root(below top: Int) -> Directory {
        Directory(
            name: [], key: .root, floor: floor(of: .root, [], above: 0, below: top),
            redirections: redirections[.root] ?? [])
    }

    /// Returns a directory in a directory.
    func directory(
        _ name: ArraySlice<UInt8>, in parent: Directory, below top: Int
    ) -> Directory {
        let key = parent.key.appending(name)
        let own = parent.redirections.map {
            Redirection(layer: $0.layer, key: $0.key.appending(name))
        }
        let all = own + (redirections[key] ?? [])
        return Directory(
            name: name, key: key, floor: floor(of: key, all, above: parent.floor, below: top),
            redirections: all)
    }

    private func floor(
        of key: PathKey, _ redirections: [Redirection], above floor: Int, below top: Int
    ) -> Int {
        budget.consume(top - floor)
        return (floor..<top).last { position in
            guard let layer = layers[position] else { return false }
            return layer.hidesContents(of: key)
                || redirections.contains {
                    $0.layer == position && layer.hidesContents(of: $0.key)
                }
        } ?? floor
    }

    /// Looks up a name in a directory, without following a link.
    func look(for name: ArraySlice<UInt8>, in directory: Directory, below top: Int) -> LayerLookup {
        guard !budget.isExhausted else { return (.undetermined, 0) }
        budget.consume(top - directory.floor)
        let key = directory.key.appending(name)
        var isImplied = false
        for position in (directory.floor..<top).reversed() {
            guard let layer = layers[position] else { return (.undetermined, position) }
            var keys = [key]
            for redirection in directory.redirections where redirection.layer == position {
                keys.append(redirection.key.appending(name))
            }
            for key in keys {
                if let entry = layer[key] {
                    // A directory of an upper layer is only written through a link.
                    return (
                        isImplied && !entry.isLink ? .entry(.directory) : .entry(entry), position
                    )
                }
            }
            if keys.contains(where: layer.hasEntries)
                || createdDirectories[key]?.contains(position) == true
            {
                guard linkHandling == .followed else { return (.entry(.directory), position) }
                isImplied = true
            }
            if keys.contains(where: layer.hasWhiteout) { break }
        }
        return (isImplied ? .entry(.directory) : .nothing, 0)
    }

    /// Replaces a hard link to a file of a lower layer by that file.
    ///
    /// Each link refers to a layer below its own, so this terminates.
    func followHardLinks(_ result: LayerLookup) -> PathLookup {
        var result = result
        while case .entry(.hardLink(let target)) = result.found {
            result = look(at: target, below: result.layer)
        }
        return result.found
    }

    // MARK: ELF files

    /// Returns the visible ELF files.
    func elfFiles() -> [(LayerPath, ELFHeader)] {
        var directories: [PathKey: Directory] = [:]
        var files: [(LayerPath, ELFHeader)] = []
        for (position, layer) in layers.enumerated() {
            for (key, path) in layer?.elfPaths ?? [:] where !budget.isExhausted {
                guard case .file(let file)? = layer?[key], case .elf(let header) = file.head,
                    isVisible(path, key, in: position, &directories)
                else { continue }
                files.append((path, header))
            }
        }
        return files
    }

    /// Returns the visible files that configure the dynamic loader.
    func loaderConfigurations() -> [(LayerPath, FileStart)] {
        var directories: [PathKey: Directory] = [:]
        var files: [(LayerPath, FileStart)] = []
        for (position, layer) in layers.enumerated() {
            for (key, path) in layer?.configurationPaths ?? [:] where !budget.isExhausted {
                guard path.bytes.starts(with: "etc/ld".utf8),
                    case .file(let file)? = layer?[key],
                    case .configuration(let start) = file.head,
                    isVisible(path, key, in: position, &directories)
                else { continue }
                files.append((path, start))
            }
        }
        return files.sorted { $0.0.bytes.lexicographicallyPrecedes($1.0.bytes) }
    }

    /// Returns whether no upper layer hides the entry that a layer has at a path.
    private func isVisible(
        _ path: LayerPath, _ key: PathKey, in position: Int, _ known: inout [PathKey: Directory]
    ) -> Bool {
        guard parent(of: path, &known).floor <= position else { return false }
        budget.consume(layers.count - position)
        return !layers[(position + 1)...].contains { upper in
            upper.map { $0[key] != nil || $0.hasWhiteout(of: key) } ?? false
        }
    }

    /// Returns the directory that contains a path, and caches the directories on the path.
    private func parent(of path: LayerPath, _ known: inout [PathKey: Directory]) -> Directory {
        budget.consume(path.bytes.count)
        var directory = known[.root] ?? root(below: layers.count)
        known[.root] = directory
        for component in path.components.dropLast() {
            let next =
                known[directory.key.appending(component)]
                ?? self.directory(component, in: directory, below: layers.count)
            known[next.key] = next
            directory = next
        }
        return directory
    }
}

extension RootFileSystem.Directory {
    /// Returns the path of a name in the last of several nested directories.
    static func path(of directories: [Self], and name: ArraySlice<UInt8> = []) -> LayerPath {
        LayerPath((directories.map(\.name) + [name]).joined(separator: [UInt8(ascii: "/")]))
    }
}

extension LayerEntry {
    fileprivate var isLink: Bool {
        switch self {
        case .symbolicLink, .hardLink: true
        case .directory, .file, .special: false
        }
    }
}

/// The number of steps that the path lookups of a validator may take, over all rules.
///
/// A step looks at one directory in one layer, or hashes a byte. Without a limit, a small image
/// could combine links, search paths and layers so that validation takes days.
final class LookupBudget: Sendable {
    private let remaining: Atomic<Int>

    /// Creates a budget.
    ///
    /// The default takes a few seconds and exceeds what any usable image needs.
    init(steps: Int = 50_000_000) {
        remaining = Atomic(steps)
    }

    /// A Boolean value that indicates whether the budget is exhausted.
    var isExhausted: Bool { remaining.load(ordering: .relaxed) <= 0 }

    /// Consumes steps.
    func consume(_ steps: Int) { remaining.wrappingSubtract(steps + 1, ordering: .relaxed) }
}

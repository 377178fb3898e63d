// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import Synchronization

/// The root file system of a container: the layers of an image, applied one after the other.
///
/// Layers are not merged. Each lookup goes from the top layer down, so layers that images share are
/// stored once. A result never depends on an unscanned layer: if it would, or if the lookup budget
/// is exhausted, the result is `undetermined`.
///
/// Source: image-spec, layer.md § Applying Changesets.
struct RootFileSystem {
    /// The layers, base layer first; `nil` for a layer that was not scanned.
    let layers: [LayerFileTree?]
    /// The budget of path lookups.
    let budget: LookupBudget

    /// The maximum number of symbolic links that are followed in one path.
    ///
    /// Source: Linux, path_resolution(7).
    static let maximumHops = 40

    /// The maximum length of a path in bytes.
    ///
    /// Source: Linux, `PATH_MAX`, which includes the terminating null byte.
    static let maximumPathByteCount = 4095

    init(layers: [LayerFileTree?], budget: LookupBudget = LookupBudget()) {
        self.layers = layers
        self.budget = budget
    }

    /// A Boolean value that indicates whether every layer was scanned.
    var isComplete: Bool { !layers.contains { $0 == nil } }

    /// The result of looking up a path without following a link in its last component.
    enum PathLookup: Hashable {
        case entry(LayerEntry)
        case nothing
        /// The result depends on a layer that was not scanned.
        case undetermined
    }

    /// Looks up a path without following symbolic links.
    subscript(path: LayerPath) -> PathLookup {
        followHardLinks(look(at: path, below: layers.count))
    }

    /// The result of a lookup, and the index of the layer that it comes from.
    private typealias LayerLookup = (found: PathLookup, layer: Int)

    /// Replaces a hard link to a file of a lower layer by that file.
    ///
    /// Each link refers to a layer below its own, so this terminates.
    private func followHardLinks(_ result: LayerLookup) -> PathLookup {
        var result = result
        while case .entry(.hardLink(let target)) = result.found {
            result = look(at: target, below: result.layer)
        }
        return result.found
    }

    private func look(at path: LayerPath, below top: Int) -> LayerLookup {
        guard path != .root else { return (.entry(.directory), 0) }
        guard path.bytes.count <= Self.maximumPathByteCount else { return (.nothing, 0) }
        guard !budget.isExhausted else { return (.undetermined, 0) }
        budget.consume(path.bytes.count)
        let components = path.components
        var directory = root(below: top)
        for component in components.dropLast() {
            directory = self.directory(component, in: directory, below: top)
        }
        return look(for: components.last ?? [], in: directory, below: top)
    }

    // MARK: Steps

    /// A directory in a path.
    private struct Directory {
        let name: ArraySlice<UInt8>
        let key: PathKey
        /// The lowest layer whose contents of the directory are visible.
        let floor: Int
    }

    private func root(below top: Int) -> Directory {
        Directory(name: [], key: .root, floor: floor(of: .root, above: 0, below: top))
    }

    private func directory(_ name: ArraySlice<UInt8>, in parent: Directory, below top: Int)
        -> Directory
    {
        let key = parent.key.appending(name)
        return Directory(
            name: name, key: key, floor: floor(of: key, above: parent.floor, below: top))
    }

    private func floor(of key: PathKey, above floor: Int, below top: Int) -> Int {
        budget.consume(top - floor)
        return (floor..<top).last { layers[$0]?.hidesContents(of: key) ?? false } ?? floor
    }

    private func look(for name: ArraySlice<UInt8>, in directory: Directory, below top: Int)
        -> LayerLookup
    {
        guard !budget.isExhausted else { return (.undetermined, 0) }
        budget.consume(top - directory.floor)
        let key = directory.key.appending(name)
        var isImplied = false
        for position in (directory.floor..<top).reversed() {
            guard let layer = layers[position] else { return (.undetermined, position) }
            if let entry = layer[key] { return (.entry(entry), position) }
            isImplied = isImplied || layer.hasEntries(in: key)
            if layer.hasWhiteout(of: key) { break }
        }
        return (isImplied ? .entry(.directory) : .nothing, 0)
    }

    /// Returns the visible ELF files.
    func elfFiles() -> [(LayerPath, ELFHeader)] {
        var directories: [PathKey: Directory] = [:]
        var files: [(LayerPath, ELFHeader)] = []
        for (position, layer) in layers.enumerated() {
            for (key, path) in layer?.elfPaths ?? [:] where !budget.isExhausted {
                guard case .file(let file)? = layer?[key], case .elf(let header) = file.head,
                    parent(of: path, &directories).floor <= position
                else { continue }
                budget.consume(layers.count - position)
                let isHidden = layers[(position + 1)...].contains { upper in
                    upper.map { $0[key] != nil || $0.hasWhiteout(of: key) } ?? false
                }
                if !isHidden { files.append((path, header)) }
            }
        }
        return files
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

    // MARK: Following links

    /// The result of following a path.
    enum Resolution: Hashable {
        case found(LayerEntry, at: LayerPath)
        case missing
        /// The path is below `/dev`, `/proc` or `/sys`, which are mounted at run time.
        case runtimeMount
        /// The result depends on a layer that was not scanned.
        case undetermined
    }

    /// Follows a path, including all symbolic links in it.
    ///
    /// - Parameters:
    ///   - path: The path as it is written.
    ///   - directory: The directory that a relative path starts from.
    /// - Returns: The file at the end of the path.
    func resolve(_ path: [UInt8], in directory: LayerPath = .root) -> Resolution {
        guard path.count <= Self.maximumPathByteCount else { return .missing }
        // A layer may contain files below a path that is a symbolic link in a lower layer. Some
        // runtimes replace the link with a directory, others follow it. The literal path exists
        // either way.
        let literal = LayerPath(path, in: directory)
        if !path.split(separator: Self.slash).contains(where: Self.isParentReference) {
            switch self[literal] {
            case .entry(.symbolicLink), .nothing: break
            case .entry(let entry): return .found(entry, at: literal)
            case .undetermined: return .undetermined
            }
        }
        let top = layers.count
        let root = root(below: top)
        var current = [root]
        if path.first != Self.slash {
            for component in directory.components {
                current.append(self.directory(component, in: current.last ?? root, below: top))
            }
        }
        var pending = Self.components(of: path)
        var hops = 0
        while let component = pending.popLast() {
            guard !Self.isParentReference(component) else {
                if current.count > 1 { current.removeLast() }
                continue
            }
            if current.count == 1, Self.isRuntimeMount(component) { return .runtimeMount }
            let parent = current.last ?? root
            switch followHardLinks(look(for: component, in: parent, below: top)) {
            case .entry(.symbolicLink(let target)):
                hops += 1
                guard hops <= Self.maximumHops, !target.isEmpty else { return .missing }
                if target.first == Self.slash { current = [root] }
                pending += Self.components(of: target)
            case .nothing: return .missing
            case .undetermined: return .undetermined
            case .entry(.directory):
                current.append(self.directory(component, in: parent, below: top))
            case .entry(let entry):
                // Only a directory can contain files.
                guard pending.isEmpty else { return .missing }
                return .found(entry, at: Self.path(of: current, and: component))
            }
        }
        let last = Self.path(of: current, and: [])
        return switch self[last] {
        case .entry(let entry): .found(entry, at: last)
        case .nothing: .missing
        case .undetermined: .undetermined
        }
    }

    private static func path(of directories: [Directory], and name: ArraySlice<UInt8>) -> LayerPath
    {
        LayerPath((directories.map(\.name) + [name]).joined(separator: [slash]))
    }

    /// Returns the components of a path in reverse order.
    private static func components(of path: [UInt8]) -> [ArraySlice<UInt8>] {
        path.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }.reversed()
    }

    private static func isParentReference(_ component: ArraySlice<UInt8>) -> Bool {
        component.elementsEqual("..".utf8)
    }

    /// Runtimes mount file systems over these directories.
    private static func isRuntimeMount(_ name: ArraySlice<UInt8>) -> Bool {
        ["dev", "proc", "sys"].contains { name.elementsEqual($0.utf8) }
    }

    private static let slash = UInt8(ascii: "/")
}

/// The number of steps that path lookups in an image may take, over all rules.
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

// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import Synchronization

/// The file system that a container starts with: the layers of an image, one upon the other.
///
/// Nothing is merged: each question goes down the layers, so that layers which images share are
/// kept once. What it says is final, also where layers are unknown: a question that one of them would
/// have to answer is left open, and so is every question once the budget is used up.
///
/// Source: image-spec, layer.md § Applying Changesets.
struct RootFileSystem {
    /// The layers, base first; nil for one of which nothing is known.
    let layers: [LayerFileTree?]
    /// What looking up paths may take.
    let budget: LookupBudget

    /// How many symbolic links are followed on one path.
    ///
    /// Source: Linux, path_resolution(7).
    static let maximumHops = 40

    /// The longest path that a kernel takes.
    ///
    /// Source: Linux, `PATH_MAX`, which counts the end mark.
    static let maximumPathByteCount = 4095

    init(layers: [LayerFileTree?], budget: LookupBudget = LookupBudget()) {
        self.layers = layers
        self.budget = budget
    }

    /// Whether every layer is known, so that no question is left open.
    var isComplete: Bool { !layers.contains { $0 == nil } }

    /// What is at a path itself, whether or not it is a link.
    enum PathLookup: Hashable {
        case entry(LayerEntry)
        case nothing
        /// That depends on a layer of which nothing is known.
        case open
    }

    /// Looks at a path itself.
    subscript(path: LayerPath) -> PathLookup { resolve(look(at: path, below: layers.count)) }

    /// What a layer has at a path, and the number of that layer.
    private typealias Hit = (sight: PathLookup, layer: Int)

    /// Replaces a link to a file of a lower layer by that file, whatever covers it since.
    ///
    /// Each link leads to a layer below its own, so this ends.
    private func resolve(_ hit: Hit) -> PathLookup {
        var hit = hit
        while case .entry(.hardLink(let target)) = hit.sight {
            hit = look(at: target, below: hit.layer)
        }
        return hit.sight
    }

    private func look(at path: LayerPath, below top: Int) -> Hit {
        guard path != .root else { return (.entry(.folder), 0) }
        guard path.bytes.count <= Self.maximumPathByteCount else { return (.nothing, 0) }
        guard !budget.isUsedUp else { return (.open, 0) }
        budget.use(path.bytes.count)
        let parts = path.parts
        var folder = root(below: top)
        for part in parts.dropLast() { folder = self.folder(part, in: folder, below: top) }
        return look(for: parts.last ?? [], in: folder, below: top)
    }

    // MARK: Steps

    /// A directory on a path.
    private struct Folder {
        let name: ArraySlice<UInt8>
        let key: PathKey
        /// The lowest layer whose contents of the directory can be seen.
        let floor: Int
    }

    private func root(below top: Int) -> Folder {
        Folder(name: [], key: .root, floor: floor(of: .root, above: 0, below: top))
    }

    private func folder(_ name: ArraySlice<UInt8>, in parent: Folder, below top: Int) -> Folder {
        let key = parent.key.appending(name)
        return Folder(
            name: name, key: key, floor: floor(of: key, above: parent.floor, below: top))
    }

    private func floor(of key: PathKey, above floor: Int, below top: Int) -> Int {
        budget.use(top - floor)
        return (floor..<top).last { layers[$0]?.hidesContents(of: key) ?? false } ?? floor
    }

    private func look(for name: ArraySlice<UInt8>, in folder: Folder, below top: Int) -> Hit {
        guard !budget.isUsedUp else { return (.open, 0) }
        budget.use(top - folder.floor)
        let key = folder.key.appending(name)
        var isImplied = false
        for position in (folder.floor..<top).reversed() {
            guard let layer = layers[position] else { return (.open, position) }
            if let entry = layer[key] { return (.entry(entry), position) }
            isImplied = isImplied || layer.implies(key)
            if layer.hasWhiteout(of: key) { break }
        }
        return (isImplied ? .entry(.folder) : .nothing, 0)
    }

    /// Returns the ELF files that can be seen.
    func elfFiles() -> [(LayerPath, ELFHeader)] {
        var folders: [PathKey: Folder] = [:]
        var files: [(LayerPath, ELFHeader)] = []
        for (position, layer) in layers.enumerated() {
            for (key, path) in layer?.elfPaths ?? [:] where !budget.isUsedUp {
                guard case .file(let file)? = layer?[key], case .elf(let header) = file.head,
                    parent(of: path, &folders).floor <= position
                else { continue }
                budget.use(layers.count - position)
                let isCovered = layers[(position + 1)...].contains { upper in
                    upper.map { $0[key] != nil || $0.hasWhiteout(of: key) } ?? false
                }
                if !isCovered { files.append((path, header)) }
            }
        }
        return files
    }

    /// Returns the directory that holds a path; what was found out of directories is kept.
    private func parent(of path: LayerPath, _ known: inout [PathKey: Folder]) -> Folder {
        budget.use(path.bytes.count)
        var folder = known[.root] ?? root(below: layers.count)
        known[.root] = folder
        for part in path.parts.dropLast() {
            let next =
                known[folder.key.appending(part)]
                ?? self.folder(part, in: folder, below: layers.count)
            known[next.key] = next
            folder = next
        }
        return folder
    }

    // MARK: Following links

    /// Where a path leads.
    enum Destination: Hashable {
        case found(LayerEntry, at: LayerPath)
        case missing
        /// To what only exists in a running container.
        case unknowable
        /// That depends on a layer of which nothing is known.
        case open
    }

    /// Follows a path with all links on it.
    ///
    /// - Parameters:
    ///   - path: the path as it is written.
    ///   - folder: where it begins, if it is not absolute.
    /// - Returns: where it ends.
    func destination(of path: [UInt8], in folder: LayerPath = .root) -> Destination {
        guard path.count <= Self.maximumPathByteCount else { return .missing }
        // A layer may write below what is a link in a layer under it; some runtimes then make it a
        // folder, others follow it. By its own name the file is there either way.
        let literal = LayerPath(path, in: folder)
        if !path.split(separator: Self.slash).contains(where: Self.isAbove) {
            switch self[literal] {
            case .entry(.symbolicLink), .nothing: break
            case .entry(let entry): return .found(entry, at: literal)
            case .open: return .open
            }
        }
        let top = layers.count
        let root = root(below: top)
        var current = [root]
        if path.first != Self.slash {
            for part in folder.parts {
                current.append(self.folder(part, in: current.last ?? root, below: top))
            }
        }
        var pending = Self.parts(of: path)
        var hops = 0
        while let part = pending.popLast() {
            guard !Self.isAbove(part) else {
                if current.count > 1 { current.removeLast() }
                continue
            }
            if current.count == 1, Self.isMounted(part) { return .unknowable }
            let parent = current.last ?? root
            switch resolve(look(for: part, in: parent, below: top)) {
            case .entry(.symbolicLink(let target)):
                hops += 1
                guard hops <= Self.maximumHops, !target.isEmpty else { return .missing }
                if target.first == Self.slash { current = [root] }
                pending += Self.parts(of: target)
            case .nothing: return .missing
            case .open: return .open
            case .entry(.folder): current.append(self.folder(part, in: parent, below: top))
            case .entry(let entry):
                // Only a folder can have something below it.
                guard pending.isEmpty else { return .missing }
                return .found(entry, at: Self.path(of: current, and: part))
            }
        }
        let last = Self.path(of: current, and: [])
        return switch self[last] {
        case .entry(let entry): .found(entry, at: last)
        case .nothing: .missing
        case .open: .open
        }
    }

    private static func path(of folders: [Folder], and name: ArraySlice<UInt8>) -> LayerPath {
        LayerPath((folders.map(\.name) + [name]).joined(separator: [slash]))
    }

    /// The names on a path, the first one last.
    private static func parts(of path: [UInt8]) -> [ArraySlice<UInt8>] {
        path.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }.reversed()
    }

    private static func isAbove(_ part: ArraySlice<UInt8>) -> Bool {
        part.elementsEqual("..".utf8)
    }

    /// Runtimes mount these over whatever the image has at its root.
    private static func isMounted(_ name: ArraySlice<UInt8>) -> Bool {
        ["dev", "proc", "sys"].contains { name.elementsEqual($0.utf8) }
    }

    private static let slash = UInt8(ascii: "/")
}

/// The number of steps that looking up paths in an image may take, over all rules.
///
/// A step looks at one directory in one layer, or hashes a byte. Links, search paths and layers can be
/// combined so that a small image would keep a rule busy for days.
final class LookupBudget: Sendable {
    private let left: Atomic<Int>

    /// Makes a budget; the usual one is a few seconds, and far more than any usable image needs.
    init(steps: Int = 50_000_000) {
        left = Atomic(steps)
    }

    /// A Boolean value that indicates whether no question is answered any more.
    var isUsedUp: Bool { left.load(ordering: .relaxed) <= 0 }

    /// Takes steps.
    func use(_ steps: Int) { left.wrappingSubtract(steps + 1, ordering: .relaxed) }
}

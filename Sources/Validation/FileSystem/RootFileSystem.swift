// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning

/// The file system that a container starts with: the layers of an image, one upon the other.
///
/// Nothing is merged: each question goes down the layers, so that layers which images share are
/// kept once. What it says is final, also where layers are unknown: a question that one of them would
/// have to answer is left open.
///
/// Source: image-spec, layer.md § Applying Changesets.
struct RootFileSystem {
    /// The layers, base first; nil for one of which nothing is known.
    let layers: [LayerFileTree?]

    /// How many symbolic links are followed on one path.
    ///
    /// Source: Linux, path_resolution(7).
    static let maximumHops = 40

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
    subscript(path: LayerPath) -> PathLookup {
        path == .root ? .entry(.folder) : sight(of: path, below: layers.count)
    }

    private func sight(of path: LayerPath, below top: Int) -> PathLookup {
        var isImplied = false
        for position in (0..<top).reversed() {
            guard let layer = layers[position] else { return .open }
            if let entry = layer[path] {
                // A link to a file of a layer below is that file, whatever covers it since.
                guard case .hardLink(let target) = entry else { return .entry(entry) }
                return sight(of: target, below: position)
            }
            isImplied = isImplied || layer.implies(path)
            if layer.hides(path) { break }
        }
        return isImplied ? .entry(.folder) : .nothing
    }

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
        var current = path.first == Self.slash ? LayerPath.root : folder
        var pending = Self.parts(of: path)
        var hops = 0
        while let part = pending.popLast() {
            guard !Self.isAbove(part) else {
                current = current.folder ?? .root
                continue
            }
            let next = LayerPath(part, in: current)
            if Self.isMounted(next) { return .unknowable }
            switch self[next] {
            case .entry(.symbolicLink(let target)):
                hops += 1
                guard hops <= Self.maximumHops, !target.isEmpty else { return .missing }
                if target.first == Self.slash { current = .root }
                pending += Self.parts(of: target)
            case .nothing: return .missing
            case .open: return .open
            case .entry(.folder): current = next
            case .entry:
                // Only a folder can have something below it.
                guard pending.isEmpty else { return .missing }
                current = next
            }
        }
        return switch self[current] {
        case .entry(let entry): .found(entry, at: current)
        case .nothing: .missing
        case .open: .open
        }
    }

    /// The names on a path, the first one last.
    private static func parts(of path: [UInt8]) -> [ArraySlice<UInt8>] {
        path.split(separator: slash).filter { !$0.elementsEqual(".".utf8) }.reversed()
    }

    private static func isAbove(_ part: ArraySlice<UInt8>) -> Bool {
        part.elementsEqual("..".utf8)
    }

    /// Runtimes mount these over whatever the image has.
    private static func isMounted(_ path: LayerPath) -> Bool {
        ["dev", "proc", "sys"].contains { path.bytes.elementsEqual($0.utf8) }
    }

    private static let slash = UInt8(ascii: "/")
}

// SPDX-License-Identifier: Apache-2.0

/// The changes that one layer makes to the file system below it.
///
/// The entries are applied one after the other, as runtimes do: an entry below a symbolic link of
/// the same layer is written through the link, and an entry replaces what has its path, unless both
/// are directories. Links of lower layers are not known here.
///
/// Most paths are stored only as a key, because rules look them up but never list them.
///
/// Source: containerd, archive/tar.go, `applyNaive` and `mkparent`.
public struct LayerFileTree: Sendable {
    /// The paths of ELF files, which rules enumerate.
    public private(set) var elfPaths: [PathKey: LayerPath] = [:]
    /// The paths of configurations, which rules enumerate.
    public private(set) var configurationPaths: [PathKey: LayerPath] = [:]
    /// The paths of symbolic links, at which an upper layer may have a directory.
    public private(set) var linkPaths: [PathKey: LayerPath] = [:]
    /// The path of a hard link to a file that the layer does not contain.
    public private(set) var linkToLowerLayer: LayerPath?
    /// The path of a file that the layer deletes after it has created it.
    public private(set) var deletedOwnEntry: LayerPath?
    /// An estimate of the memory that the tree occupies.
    ///
    /// It never decreases, so that replacing an entry repeatedly has a cost.
    public private(set) var byteCount = 0

    /// Links, and files that are executable or begin like a program.
    private var entries: [PathKey: LayerEntry] = [:]
    private var directories: Set<PathKey> = []
    /// Directories that contain an entry.
    private var impliedDirectories: Set<PathKey> = []
    private var dataFiles: Set<PathKey> = []
    private var specialFiles: Set<PathKey> = []
    private var whiteouts: Set<PathKey> = []
    private var opaqueDirectories: Set<PathKey> = []
    /// A Boolean value that indicates whether a directory was replaced by something else, so that
    /// its subdirectories no longer exist.
    private var hasReplacedDirectory = false
    /// The number of bytes that following links may still take.
    private var remainingLinkSteps = Self.linkStepLimit

    /// Creates the tree of a layer without changes.
    public init() {}

    /// Returns the entry at a path; `nil` if the layer has none.
    public subscript(key: PathKey) -> LayerEntry? {
        if dataFiles.contains(key) { return .file(.data) }
        if directories.contains(key) { return .directory }
        if specialFiles.contains(key) { return .special }
        return entries[key]
    }

    /// Returns whether the layer has an entry in a directory, without regard to the directory's own
    /// entry.
    public func hasEntries(in directory: PathKey) -> Bool { impliedDirectories.contains(directory) }

    /// The directories that contain an entry and have no entry of their own.
    public var directoriesWithoutEntry: [PathKey] {
        impliedDirectories.filter { $0 != .root && self[$0] == nil }
    }

    /// Returns whether the layer deletes the entries of lower layers at a path.
    public func hasWhiteout(of path: PathKey) -> Bool { whiteouts.contains(path) }

    /// Returns whether the layer hides the contents that lower layers have in a directory.
    public func hidesContents(of directory: PathKey) -> Bool {
        if whiteouts.contains(directory) || opaqueDirectories.contains(directory) { return true }
        return switch self[directory] {
        case nil, .directory: false
        default: true
        }
    }

    // MARK: Building

    /// Adds the next entry of an archive.
    ///
    /// - Throws: The error of an entry that no runtime can create.
    mutating func add(_ entry: LayerEntry, at trail: PathTrail) throws(LayerScanError) {
        let trail = try resolveParents(of: trail)
        let key = trail.key
        let entry = try resolve(entry, at: trail)
        remove(key, isReplacedByDirectory: entry == .directory)
        addDirectories(of: trail)
        byteCount += Self.keyByteCount
        switch entry {
        case .directory: directories.insert(key)
        case .file(.data): dataFiles.insert(key)
        case .special: specialFiles.insert(key)
        case .hardLink(let target):
            store(entry, at: key, textByteCount: target.bytes.count)
            linkToLowerLayer = linkToLowerLayer ?? LayerPath(clean: trail.bytes)
        case .symbolicLink(let target):
            store(entry, at: key, textByteCount: trail.bytes.count + target.count)
            linkPaths[key] = LayerPath(clean: trail.bytes)
        case .file(let file):
            switch file.head {
            case .data: store(entry, at: key, textByteCount: 0)
            case .script(let start): store(entry, at: key, textByteCount: start.bytes.count)
            case .configuration(let start):
                store(entry, at: key, textByteCount: trail.bytes.count + start.bytes.count)
                configurationPaths[key] = LayerPath(clean: trail.bytes)
            case .elf(let header):
                store(
                    entry, at: key,
                    textByteCount: trail.bytes.count + (header.loader?.count ?? 0)
                        + Self.byteCount(header.linkage)
                )
                elfPaths[key] = LayerPath(clean: trail.bytes)
            }
        }
    }

    /// Deletes the entry at a path.
    mutating func addWhiteout(of path: PathTrail) throws(LayerScanError) {
        let path = try resolveParents(of: path)
        if self[path.key] != nil || impliedDirectories.contains(path.key) {
            deletedOwnEntry = deletedOwnEntry ?? LayerPath(clean: path.bytes)
            remove(path.key, isReplacedByDirectory: false)
        }
        addDirectories(of: path)
        whiteouts.insert(path.key)
        byteCount += Self.keyByteCount
    }

    /// Deletes everything that lower layers have in a directory.
    mutating func addOpaque(_ directory: PathTrail) throws(LayerScanError) {
        var resolved = try resolveParents(of: directory)
        if case .symbolicLink = self[resolved.key] {
            resolved = try follow(resolved, isParent: true)
        }
        addDirectories(of: resolved)
        impliedDirectories.insert(resolved.key)
        opaqueDirectories.insert(resolved.key)
        byteCount += Self.keyByteCount
    }

    private mutating func addDirectories(of trail: PathTrail) {
        // The parents of a known directory are known too, so each costs memory only once.
        for directory in trail.directories.reversed() {
            guard impliedDirectories.insert(directory).inserted else {
                guard hasReplacedDirectory else { break }
                continue
            }
            byteCount += Self.keyByteCount
        }
    }

    /// Removes what has a path, unless a directory is merged with a directory.
    private mutating func remove(_ key: PathKey, isReplacedByDirectory: Bool) {
        if !isReplacedByDirectory, impliedDirectories.remove(key) != nil {
            hasReplacedDirectory = true
        }
        directories.remove(key)
        dataFiles.remove(key)
        specialFiles.remove(key)
        guard entries.removeValue(forKey: key) != nil else { return }
        elfPaths[key] = nil
        linkPaths[key] = nil
        configurationPaths[key] = nil
    }

    // MARK: Links

    /// Returns the path at which an entry is created, with regard to the links in its path.
    private mutating func resolveParents(
        of trail: PathTrail
    ) throws(LayerScanError) -> PathTrail {
        for directory in trail.directories.reversed() {
            if impliedDirectories.contains(directory), !hasReplacedDirectory { break }
            switch self[directory] {
            case nil, .directory, .hardLink: continue
            case .symbolicLink: return try follow(trail, isParent: false)
            case .file, .special: throw .malformed(.fileAsDirectory)
            }
        }
        return trail
    }

    /// Follows the links in a path.
    ///
    /// - Parameters:
    ///   - trail: The path.
    ///   - isParent: Whether a link in the last component is followed.
    /// - Returns: The path without links.
    /// - Throws: The error of a cycle of links, or of links that take too many steps.
    private mutating func follow(
        _ trail: PathTrail, isParent: Bool
    ) throws(LayerScanError) -> PathTrail {
        let slash = UInt8(ascii: "/")
        var pending: [ArraySlice<UInt8>] = trail.bytes.split(separator: slash).reversed()
        var resolved: [ArraySlice<UInt8>] = []
        var keys = [PathKey.root]
        var hops = 0
        while let name = pending.popLast() {
            remainingLinkSteps -= name.count + 1
            guard remainingLinkSteps > 0 else { throw .limit(.paths) }
            guard LayerPath.isClean(name) else {
                if name.count == 2, !resolved.isEmpty {
                    resolved.removeLast()
                    keys.removeLast()
                }
                continue
            }
            let key = (keys.last ?? .root).appending(name)
            guard isParent || !pending.isEmpty, case .symbolicLink(let target) = self[key] else {
                resolved.append(name)
                keys.append(key)
                continue
            }
            hops += 1
            guard hops <= Self.hopLimit else { throw .malformed(.tooManyLinks) }
            if target.first == slash {
                resolved = []
                keys = [.root]
            }
            pending += target.split(separator: slash).reversed()
        }
        var result = PathTrail()
        guard result.replace(after: 0, with: Array(resolved.joined(separator: [slash]))) else {
            throw .malformed(.pathTooLong)
        }
        return result
    }

    /// Returns the entry that a hard link creates at this point of the archive, since its target
    /// may be replaced later.
    ///
    /// A link to an entry that this layer lacks, or has as such a link itself, refers to a file of
    /// a lower layer. One lookup is therefore enough, however long the chain of links is.
    private mutating func resolve(
        _ entry: LayerEntry, at trail: PathTrail
    ) throws(LayerScanError) -> LayerEntry {
        guard case .hardLink(let target) = entry else { return entry }
        var path = PathTrail()
        guard path.replace(after: 0, with: target.bytes) else { throw .malformed(.pathTooLong) }
        path = try resolveParents(of: path)
        // Runtimes first remove the entry with the link's name, and kernels do not link
        // directories.
        guard path.key != trail.key, path.key != .root else { throw .malformed(.impossibleLink) }
        switch self[path.key] {
        case .directory: throw .malformed(.impossibleLink)
        case let known?: return known
        case nil: return .hardLink(to: LayerPath(clean: path.bytes))
        }
    }

    private mutating func store(_ entry: LayerEntry, at key: PathKey, textByteCount: Int) {
        entries[key] = entry
        byteCount += Self.entryByteCount
        if textByteCount > 0 { byteCount += Self.textByteCount + textByteCount }
    }

    /// The maximum number of links in a path.
    ///
    /// Source: Go's `filepath.EvalSymlinks` and containerd's `fs.RootPath`.
    private static let hopLimit = 255
    /// The maximum number of bytes of the paths that are followed in a layer.
    private static let linkStepLimit = 8 << 20

    /// Returns the memory for the names of libraries.
    private static func byteCount(_ linkage: ELFHeader.Linkage) -> Int {
        guard case .dynamic(let section) = linkage else { return 0 }
        return section.texts.reduce(0) { $0 + textByteCount + $1.count }
    }

    /// The memory for a key in a set, including the copy that is made when the set grows.
    private static let keyByteCount = 32
    /// The memory for an entry, without its key and strings.
    private static let entryByteCount = 64
    /// The memory for a string, without its bytes.
    private static let textByteCount = 48
}

extension LayerFileTree {
    /// Returns the entry at a path; `nil` if the layer has none.
    public subscript(path: LayerPath) -> LayerEntry? { self[PathKey(path)] }
}

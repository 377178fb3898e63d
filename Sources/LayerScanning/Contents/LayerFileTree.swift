// SPDX-License-Identifier: Apache-2.0

/// The changes that one layer makes to the file system below it.
///
/// Most paths are stored only as a key, because rules look them up but never list them.
public struct LayerFileTree: Sendable {
    /// The paths of ELF files, which rules enumerate.
    public private(set) var elfPaths: [PathKey: LayerPath] = [:]
    /// The paths of files that configure the dynamic loader, which includes some by a pattern.
    public private(set) var loaderConfigurationPaths: [PathKey: LayerPath] = [:]
    /// An estimate of the memory that the tree occupies.
    ///
    /// It never decreases, so that replacing an entry repeatedly has a cost.
    public private(set) var byteCount = 0

    /// Links, and files that are executable or begin like a program.
    private var entries: [PathKey: LayerEntry] = [:]
    private var directories: Set<PathKey> = []
    /// Directories that contain an entry and have no entry of their own.
    private var impliedDirectories: Set<PathKey> = []
    private var dataFiles: Set<PathKey> = []
    private var specialFiles: Set<PathKey> = []
    private var whiteouts: Set<PathKey> = []
    private var opaqueDirectories: Set<PathKey> = []

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
    /// - Throws: The error of a hard link that no runtime can create.
    mutating func add(_ entry: LayerEntry, at trail: PathTrail) throws(LayerScanError) {
        let key = trail.key
        let entry = try resolve(entry, at: trail)
        directories.remove(key)
        dataFiles.remove(key)
        specialFiles.remove(key)
        entries[key] = nil
        elfPaths[key] = nil
        loaderConfigurationPaths[key] = nil
        // The parents of a known directory are known too, so each costs memory only once.
        for directory in trail.directories.reversed() {
            guard impliedDirectories.insert(directory).inserted else { break }
            byteCount += Self.keyByteCount
        }
        byteCount += Self.keyByteCount
        switch entry {
        case .directory: directories.insert(key)
        case .file(.data): dataFiles.insert(key)
        case .special: specialFiles.insert(key)
        case .hardLink(let target): store(entry, key, target.bytes.count)
        case .symbolicLink(let target): store(entry, key, target.count)
        case .file(let file):
            switch file.head {
            case .data: store(entry, key, 0)
            case .script(let start): store(entry, key, start.bytes.count)
            case .loaderConfiguration(let start):
                store(entry, key, trail.bytes.count + start.bytes.count)
                loaderConfigurationPaths[key] = LayerPath(clean: trail.bytes)
            case .elf(let header):
                store(
                    entry, key,
                    trail.bytes.count + (header.loader?.count ?? 0) + Self.byteCount(header.linkage)
                )
                elfPaths[key] = LayerPath(clean: trail.bytes)
            }
        }
    }

    /// Deletes the entries of lower layers at a path.
    mutating func addWhiteout(of path: PathKey) {
        whiteouts.insert(path)
        byteCount += Self.keyByteCount
    }

    /// Deletes everything that lower layers have in a directory.
    mutating func addOpaque(_ directory: PathKey) {
        opaqueDirectories.insert(directory)
        byteCount += Self.keyByteCount
    }

    /// Returns the entry that a hard link creates at this point of the archive, since its target
    /// may be replaced later.
    ///
    /// A link to an entry that this layer lacks, or has as such a link itself, refers to a file of
    /// a lower layer. One lookup is therefore enough, however long the chain of links is.
    private func resolve(
        _ entry: LayerEntry, at trail: PathTrail
    ) throws(LayerScanError) -> LayerEntry {
        guard case .hardLink(let target) = entry else { return entry }
        // Runtimes first remove the entry with the link's name, and kernels do not link
        // directories.
        let key = PathKey(target)
        guard key != trail.key, target != .root else { throw .malformed(.impossibleLink) }
        switch self[key] {
        case .directory: throw .malformed(.impossibleLink)
        case let known?: return known
        case nil: return entry
        }
    }

    private mutating func store(_ entry: LayerEntry, _ key: PathKey, _ textByteCount: Int) {
        entries[key] = entry
        byteCount += Self.entryByteCount
        if textByteCount > 0 { byteCount += Self.textByteCount + textByteCount }
    }

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

// SPDX-License-Identifier: Apache-2.0

/// What one layer does to the file system below it.
///
/// Of most paths only a key is kept, because no rule asks for their names, only what is there.
public struct LayerFileTree: Sendable {
    /// The paths of ELF files, which rules enumerate.
    public private(set) var elfPaths: [PathKey: LayerPath] = [:]
    /// An estimate of the memory that the tree occupies.
    ///
    /// It never decreases, so that replacing an entry again and again is not free.
    public private(set) var byteCount = 0

    /// Links, and files that can be executed or begin like a program.
    private var notable: [PathKey: LayerEntry] = [:]
    private var folders: Set<PathKey> = []
    /// Directories that hold something and have no entry of their own.
    private var impliedFolders: Set<PathKey> = []
    private var dataFiles: Set<PathKey> = []
    private var specials: Set<PathKey> = []
    private var whiteouts: Set<PathKey> = []
    private var opaqueFolders: Set<PathKey> = []

    /// Makes the tree of a layer that does nothing.
    public init() {}

    /// What the layer has at a path; nil where it says nothing of it.
    public subscript(key: PathKey) -> LayerEntry? {
        if dataFiles.contains(key) { return .file(.data) }
        if folders.contains(key) { return .folder }
        if specials.contains(key) { return .special }
        return notable[key]
    }

    /// A Boolean value that indicates whether the layer has something in a directory, whatever it
    /// says of the directory itself.
    public func implies(_ folder: PathKey) -> Bool { impliedFolders.contains(folder) }

    /// A Boolean value that indicates whether the layer deletes what lower layers have at a path.
    public func hasWhiteout(of path: PathKey) -> Bool { whiteouts.contains(path) }

    /// A Boolean value that indicates whether nothing that lower layers have in a directory is
    /// visible.
    public func hidesContents(of folder: PathKey) -> Bool {
        if whiteouts.contains(folder) || opaqueFolders.contains(folder) { return true }
        return switch self[folder] {
        case nil, .folder: false
        default: true
        }
    }

    // MARK: Building

    /// Adds what an archive has next.
    ///
    /// - Throws: the fault of a hard link that no runtime can create.
    mutating func add(_ entry: LayerEntry, at place: PathTrail) throws(LayerScanError) {
        let key = place.key
        let entry = try resolve(entry, at: place)
        folders.remove(key)
        dataFiles.remove(key)
        specials.remove(key)
        notable[key] = nil
        elfPaths[key] = nil
        // What is above a known directory is known too, so that each costs something only once.
        for folder in place.folders.reversed() {
            guard impliedFolders.insert(folder).inserted else { break }
            byteCount += Self.keyByteCount
        }
        byteCount += Self.keyByteCount
        switch entry {
        case .folder: folders.insert(key)
        case .file(.data): dataFiles.insert(key)
        case .special: specials.insert(key)
        case .hardLink(let target): note(entry, key, target.bytes.count)
        case .symbolicLink(let target): note(entry, key, target.count)
        case .file(let file):
            switch file.head {
            case .data: note(entry, key, 0)
            case .script(let line): note(entry, key, line.count)
            case .elf(let header):
                note(entry, key, place.bytes.count + (header.loader?.count ?? 0))
                elfPaths[key] = LayerPath(clean: place.bytes)
            }
        }
    }

    /// Deletes what lower layers have at a path.
    mutating func addWhiteout(of path: PathKey) {
        whiteouts.insert(path)
        byteCount += Self.keyByteCount
    }

    /// Deletes everything that lower layers have in a directory.
    mutating func addOpaque(_ folder: PathKey) {
        opaqueFolders.insert(folder)
        byteCount += Self.keyByteCount
    }

    /// Returns what a name means at this point of the archive; a hard link's target may be replaced later.
    ///
    /// A link to what this layer does not have, or has as such a link itself, names a file of a lower
    /// layer. So one look suffices, however long the chain of links is.
    private func resolve(
        _ entry: LayerEntry, at place: PathTrail
    ) throws(LayerScanError) -> LayerEntry {
        guard case .hardLink(let target) = entry else { return entry }
        // Runtimes remove what has the link's name first, and no kernel links directories.
        let key = PathKey(target)
        guard key != place.key, target != .root else { throw .malformed(.impossibleLink) }
        switch self[key] {
        case .folder: throw .malformed(.impossibleLink)
        case let known?: return known
        case nil: return entry
        }
    }

    private mutating func note(_ entry: LayerEntry, _ key: PathKey, _ textByteCount: Int) {
        notable[key] = entry
        byteCount += Self.entryByteCount
        if textByteCount > 0 { byteCount += Self.textByteCount + textByteCount }
    }

    /// What a key occupies in a set, the copy that is made when the set grows included.
    private static let keyByteCount = 32
    /// What an entry occupies beside its key, the texts aside.
    private static let entryByteCount = 64
    /// What texts occupy beside their bytes.
    private static let textByteCount = 48
}

extension LayerFileTree {
    /// What the layer has at a path; nil where it says nothing of it.
    public subscript(path: LayerPath) -> LayerEntry? { self[PathKey(path)] }
}

// SPDX-License-Identifier: Apache-2.0

/// What one layer does to the file system below it.
///
/// Of most paths only a hash is kept, because nobody will ask what is behind them, only whether
/// something is. The hash is SipHash under a key of this process, so that nobody can prepare two
/// paths with one hash.
public struct LayerFileTree: Sendable {
    /// Links, and files that can be executed or say that they are programs.
    public private(set) var notable: [LayerPath: LayerEntry] = [:]

    private var folders: Set<Int> = []
    /// Folders that hold something and have no entry of their own.
    private var impliedFolders: Set<Int> = []
    private var dataFiles: Set<Int> = []
    private var specials: Set<Int> = []
    private var whiteouts: Set<Int> = []
    private var opaqueFolders: Set<Int> = []

    /// Makes the tree of a layer that does nothing.
    public init() {}

    /// How many paths it says something of.
    public var pathCount: Int {
        notable.count + folders.count + dataFiles.count + specials.count + whiteouts.count
            + opaqueFolders.count + impliedFolders.count
    }

    /// What the layer has at a path; nil where it says nothing of it.
    public subscript(path: LayerPath) -> LayerEntry? {
        let key = path.hashValue
        if dataFiles.contains(key) { return .file(.data) }
        if folders.contains(key) { return .folder }
        if specials.contains(key) { return .special }
        return notable[path]
    }

    /// Whether the layer has something in a folder, whatever it says of the folder itself.
    public func implies(_ folder: LayerPath) -> Bool {
        impliedFolders.contains(folder.hashValue)
    }

    /// Whether nothing at the path in layers below can be seen.
    public func hides(_ path: LayerPath) -> Bool {
        if whiteouts.contains(path.hashValue) { return true }
        var folder = path.folder
        while let current = folder {
            let key = current.hashValue
            if whiteouts.contains(key) || opaqueFolders.contains(key) { return true }
            switch self[current] {
            case nil, .folder: break
            default: return true
            }
            folder = current.folder
        }
        return false
    }

    /// Adds what an archive has next.
    public mutating func add(_ entry: LayerEntry, at path: LayerPath) {
        let key = path.hashValue
        folders.remove(key)
        dataFiles.remove(key)
        specials.remove(key)
        notable[path] = nil
        var folder = path.folder
        while let current = folder, impliedFolders.insert(current.hashValue).inserted {
            folder = current.folder
        }
        switch entry {
        case .folder: folders.insert(key)
        case .file(.data): dataFiles.insert(key)
        case .special: specials.insert(key)
        case .hardLink(let target):
            // What the name means now; the target may be replaced later in the archive.
            switch self[target] {
            case let known? where known != .folder: add(known, at: path)
            default: notable[path] = entry
            }
        case .file, .symbolicLink: notable[path] = entry
        }
    }

    /// Takes away what layers below have at a path.
    public mutating func addWhiteout(of path: LayerPath) {
        whiteouts.insert(path.hashValue)
    }

    /// Takes away all that layers below have in a folder.
    public mutating func addOpaque(_ folder: LayerPath) {
        opaqueFolders.insert(folder.hashValue)
    }
}

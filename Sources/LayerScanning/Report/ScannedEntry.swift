// SPDX-License-Identifier: Apache-2.0

/// One line of a scan report.
enum ScannedEntry: Hashable, Sendable {
    case entry(LayerEntry, at: LayerPath)
    /// A whiteout: lower layers have no entry at this path.
    case whiteout(of: LayerPath)
    /// An opaque whiteout: lower layers have nothing in this directory.
    case opaque(LayerPath)

    /// The path of the entry.
    var path: LayerPath {
        switch self {
        case .entry(_, let path), .whiteout(let path), .opaque(let path): path
        }
    }

    /// Interprets the name of an entry; `nil` if the entry is irrelevant.
    ///
    /// Source: image-spec, layer.md § Whiteouts; names in `.wh..wh.` are internal to AUFS.
    init?(_ entry: LayerEntry, at path: LayerPath) {
        guard Self.isWhiteout(path), let directory = path.directory else {
            self = .entry(entry, at: path)
            return
        }
        let name = path.name.dropFirst(Self.whiteoutPrefix.count)
        if name.elementsEqual(".wh..opq".utf8) {
            self = .opaque(directory)
        } else if name.isEmpty || name.starts(with: Self.whiteoutPrefix) {
            return nil
        } else {
            self = .whiteout(of: directory.appending(name))
        }
    }

    /// Returns whether the name of a path marks a whiteout.
    static func isWhiteout(_ path: LayerPath) -> Bool { path.name.starts(with: whiteoutPrefix) }

    /// Returns a Boolean value that indicates whether a whiteout names its own directory (`.wh..`)
    /// or the parent (`.wh...`).
    static func namesDirectory(_ path: LayerPath) -> Bool {
        let name = path.name.dropFirst(whiteoutPrefix.count)
        return !name.isEmpty && !LayerPath.isClean(name)
    }

    /// The prefix of the name of a whiteout.
    static let whiteoutPrefix = Array(".wh.".utf8)
}

/// The first byte of each line of a report.
enum ReportTag: UInt8 {
    case directory = 0x64
    /// A file that is not executable and whose content is irrelevant.
    case plainFile = 0x66
    case special = 0x70
    /// A file with its mode and the relevant part of its content.
    case file = 0x78
    case symbolicLink = 0x6C
    case hardLink = 0x68
    case whiteout = 0x77
    case opaque = 0x6F
    case finished = 0x45
    case error = 0x46
}

/// The byte that states the type of a file.
enum FileKind: UInt8 {
    case data = 0
    case script
    case elf
    case configuration
}

/// The byte that states which libraries an ELF file requires.
enum LinkageKind: UInt8 {
    case selfContained = 0
    case dynamic
    case notChecked
}

// SPDX-License-Identifier: Apache-2.0

/// One line of a scan's report.
enum ScannedEntry: Hashable, Sendable {
    case entry(LayerEntry, at: LayerPath)
    /// Layers below have nothing at this path any more.
    case whiteout(of: LayerPath)
    /// Layers below have nothing in this folder any more.
    case opaque(LayerPath)

    /// The path that it is about.
    var path: LayerPath {
        switch self {
        case .entry(_, let path), .whiteout(let path), .opaque(let path): path
        }
    }

    /// Reads what an entry's name says; nil for those that mean nothing.
    ///
    /// Source: image-spec, layer.md § Whiteouts; names in `.wh..wh.` were AUFS's own.
    init?(_ entry: LayerEntry, at path: LayerPath) {
        let mark = Array(".wh.".utf8)
        guard path.name.starts(with: mark), let folder = path.folder else {
            self = .entry(entry, at: path)
            return
        }
        let name = path.name.dropFirst(mark.count)
        if name.elementsEqual(".wh..opq".utf8) {
            self = .opaque(folder)
        } else if name.isEmpty || name.starts(with: mark) {
            return nil
        } else {
            self = .whiteout(of: folder.appending(name))
        }
    }
}

/// The first byte of each line of a report.
enum ReportTag: UInt8 {
    case folder = 0x64
    case data = 0x66
    case special = 0x70
    case program = 0x78
    case symbolicLink = 0x6C
    case hardLink = 0x68
    case whiteout = 0x77
    case opaque = 0x6F
    case finished = 0x45
    case fault = 0x46
}

/// The byte that says what a program's file begins with.
enum FileKind: UInt8 {
    case data = 0
    case script
    case elf
}

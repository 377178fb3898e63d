// SPDX-License-Identifier: Apache-2.0

/// The cache of glibc's loader, `/etc/ld.so.cache`: the paths of libraries by name.
///
/// Source: glibc, sysdeps/generic/dl-cache.h.
struct LoaderCache {
    private let paths: [[UInt8]: [[UInt8]]]

    private static let oldMagic = Array("ld.so-1.7.0\0".utf8)
    private static let magic = Array("glibc-ld.so.cache1.1".utf8)
    private static let oldHeaderSize = 16
    private static let oldEntrySize = 12
    private static let headerSize = 48
    private static let entrySize = 24

    /// Parses a cache; `nil` for other bytes.
    init?(_ bytes: [UInt8], isLittleEndian: Bool) {
        func number(at offset: Int) -> Int? {
            guard offset >= 0, offset <= bytes.count - 4 else { return nil }
            let word = bytes[offset..<offset + 4]
            let ordered = isLittleEndian ? Array(word.reversed()) : Array(word)
            return ordered.reduce(0) { $0 << 8 | Int($1) }
        }
        var start = 0
        // An older format may come first; the current one follows at a multiple of eight.
        if bytes.starts(with: Self.oldMagic) {
            guard let count = number(at: 12), count <= bytes.count / Self.oldEntrySize else {
                return nil
            }
            start = (Self.oldHeaderSize + count * Self.oldEntrySize + 7) / 8 * 8
        }
        guard start <= bytes.count, bytes[start...].starts(with: Self.magic),
            let count = number(at: start + 20), count <= bytes.count / Self.entrySize
        else { return nil }
        func text(_ offset: Int?) -> [UInt8]? {
            guard let offset, offset < bytes.count - start else { return nil }
            return Array(bytes[(start + offset)...].prefix { $0 != 0 })
        }
        var paths: [[UInt8]: [[UInt8]]] = [:]
        for index in 0..<count {
            let entry = start + Self.headerSize + index * Self.entrySize
            guard let name = text(number(at: entry + 4)), let path = text(number(at: entry + 8))
            else { return nil }
            paths[name, default: []].append(path)
        }
        self.paths = paths
    }

    /// Returns the paths of the libraries with a name, which may be for several CPU architectures.
    subscript(name: [UInt8]) -> [[UInt8]] { paths[name] ?? [] }
}

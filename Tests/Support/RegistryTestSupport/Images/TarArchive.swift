// SPDX-License-Identifier: Apache-2.0

/// One entry of a tar archive.
public struct TarEntry: Hashable, Sendable {
    let path: String
    let kind: UInt8
    let mode: Int
    let link: String
    let content: [UInt8]

    /// Returns a regular file.
    ///
    /// Paths in real layers have no leading slash; both forms are accepted.
    public static func file(_ path: String, _ content: [UInt8], mode: Int = 0o755) -> TarEntry {
        TarEntry(path: path, kind: UInt8(ascii: "0"), mode: mode, link: "", content: content)
    }

    /// Returns a regular text file.
    public static func file(_ path: String, _ text: String, mode: Int = 0o755) -> TarEntry {
        .file(path, Array(text.utf8), mode: mode)
    }

    /// Returns a directory.
    public static func folder(_ path: String, mode: Int = 0o755) -> TarEntry {
        TarEntry(path: path, kind: UInt8(ascii: "5"), mode: mode, link: "", content: [])
    }

    /// Returns a symbolic link.
    public static func symbolicLink(_ path: String, to target: String) -> TarEntry {
        TarEntry(path: path, kind: UInt8(ascii: "2"), mode: 0o777, link: target, content: [])
    }

    /// Returns a hard link to a path that precedes it in the archive.
    public static func hardLink(_ path: String, to target: String) -> TarEntry {
        TarEntry(path: path, kind: UInt8(ascii: "1"), mode: 0o755, link: target, content: [])
    }

    /// Returns a whiteout, which deletes a file of the layers below.
    ///
    /// Source: image-spec, layer.md § Whiteouts.
    public static func whiteout(_ path: String) -> TarEntry {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        return .file("\(path[..<slash]).wh.\(path[slash...])", "")
    }
}

/// A writer of tar archives.
///
/// Source: POSIX.1-1988 `ustar` interchange format; paths of more than 100 bytes get a GNU `L`
/// entry.
public enum TarArchive {
    /// Returns an archive of the entries, owned by root and dated 1970.
    public static func bytes(_ entries: [TarEntry]) -> [UInt8] {
        var archive: [UInt8] = []
        for entry in entries {
            let path = Array(entry.path.drop { $0 == "/" }.utf8)
            if path.count > 100 {
                let name = path + [0]
                archive += header(
                    Array("././@LongLink".utf8), UInt8(ascii: "L"), 0o644, [], size: name.count)
                archive += padded(name)
            }
            archive += header(
                path, entry.kind, entry.mode, Array(entry.link.utf8), size: entry.content.count)
            archive += padded(entry.content)
        }
        return archive + [UInt8](repeating: 0, count: 1024)
    }

    private static func header(
        _ path: [UInt8], _ kind: UInt8, _ mode: Int, _ link: [UInt8], size: Int
    ) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Collection<UInt8>, at position: Int) {
            block.replaceSubrange(position..<position + bytes.count, with: bytes)
        }
        put(path.prefix(100), at: 0)
        put(octal(mode, digits: 7), at: 100)
        put(octal(0, digits: 7), at: 108)
        put(octal(0, digits: 7), at: 116)
        put(octal(size, digits: 11), at: 124)
        put(octal(0, digits: 11), at: 136)
        put([kind], at: 156)
        put(link.prefix(100), at: 157)
        put(Array("ustar\u{0}00".utf8), at: 257)
        // The checksum is calculated with spaces in its own field.
        put([UInt8](repeating: UInt8(ascii: " "), count: 8), at: 148)
        put(octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + [0], at: 148)
        return block
    }

    private static func octal(_ number: Int, digits: Int) -> [UInt8] {
        let text = String(number, radix: 8)
        return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }
}

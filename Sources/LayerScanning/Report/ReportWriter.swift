// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import OCI

/// Writes the report of a scan in the child.
///
/// Each path is written as the length of the prefix that it shares with the previous one, and the
/// rest.
struct ReportWriter {
    private static let chunkByteCount = 64 << 10

    private var last: [UInt8] = []
    private var isBroken = false
    /// The bytes that are not yet written.
    private(set) var bytes: [UInt8] = []

    /// Adds a line.
    mutating func add(_ line: ScannedEntry) {
        switch line {
        case .whiteout(let path): begin(.whiteout, path)
        case .opaque(let path): begin(.opaque, path)
        case .entry(.directory, let path): begin(.directory, path)
        case .entry(.special, let path): begin(.special, path)
        case .entry(.file(.data), let path): begin(.plainFile, path)
        case .entry(.symbolicLink(let target), let path):
            begin(.symbolicLink, path)
            put(target)
        case .entry(.hardLink(let target), let path):
            begin(.hardLink, path)
            put(target.bytes)
        case .entry(.file(let file), let path):
            begin(.file, path)
            put(file)
        }
        if bytes.count >= Self.chunkByteCount { isBroken = !flush() }
    }

    /// Ends the report of a layer that was scanned completely.
    ///
    /// Without a digest, that of the layer is also that of its uncompressed bytes.
    mutating func finish(
        diffID: Digest?, unpackedByteCount: Int, compression: LayerCompression
    ) {
        bytes.append(ReportTag.finished.rawValue)
        put(unpackedByteCount)
        put(compression.rawValue.utf8)
        if let diffID { bytes += diffID.description.utf8 }
    }

    /// Ends the report of a layer that could not be scanned.
    mutating func finish(_ error: LayerScanError) {
        bytes.append(ReportTag.error.rawValue)
        switch error {
        case .malformed(let malformation): bytes.append(malformation.rawValue)
        case .limit(let limit): bytes.append(limit.rawValue)
        case .scan: bytes.append(0)
        }
    }

    /// Writes the buffered bytes; returns `false` if the parent closed the pipe.
    mutating func flush() -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty, !isBroken {
            let count = unsafe rest.withUnsafeBytes {
                unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count > 0 { rest.removeFirst(count) } else if errno != EINTR { isBroken = true }
        }
        bytes.removeAll(keepingCapacity: true)
        return !isBroken
    }

    private mutating func begin(_ tag: ReportTag, _ path: LayerPath) {
        let limit = min(last.count, path.bytes.count)
        var shared = 0
        while shared < limit, last[shared] == path.bytes[shared] { shared += 1 }
        bytes.append(tag.rawValue)
        put(shared)
        put(path.bytes[shared...])
        last = path.bytes
    }

    private mutating func put(_ file: LayerEntry.File) {
        bytes.append(file.isExecutable ? 1 : 0)
        switch file.head {
        case .data: bytes.append(FileKind.data.rawValue)
        case .script(let start):
            bytes.append(FileKind.script.rawValue)
            put(start)
        case .configuration(let start):
            bytes.append(FileKind.configuration.rawValue)
            put(start)
        case .elf(let header):
            bytes += [
                FileKind.elf.rawValue, UInt8(header.kind.rawValue), header.is64Bit ? 1 : 0,
                header.isLittleEndian ? 1 : 0, UInt8(header.architecture & 255),
                UInt8(header.architecture >> 8),
            ]
            put(header.loader ?? [])
            put(header.linkage)
        }
    }

    private mutating func put(_ start: FileStart) {
        bytes.append(start.isComplete ? 1 : 0)
        put(start.bytes)
    }

    private mutating func put(_ linkage: ELFHeader.Linkage) {
        switch linkage {
        case .selfContained: bytes.append(LinkageKind.selfContained.rawValue)
        case .notChecked: bytes.append(LinkageKind.notChecked.rawValue)
        case .dynamic(let section):
            bytes += [LinkageKind.dynamic.rawValue, section.usesDefaultDirectories ? 1 : 0]
            for text in [section.name, section.runPath, section.olderRunPath] {
                bytes.append(text == nil ? 0 : 1)
                put(text ?? [])
            }
            put(section.needed.count)
            for name in section.needed { put(name) }
        }
    }

    private mutating func put(_ text: some Collection<UInt8>) {
        put(text.count)
        bytes += text
    }

    /// Writes seven bits per byte, the least significant first; the eighth bit indicates that more
    /// follow.
    private mutating func put(_ number: Int) {
        var rest = number
        while rest > 127 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

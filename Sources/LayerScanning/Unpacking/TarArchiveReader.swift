// SPDX-License-Identifier: Apache-2.0

internal import CArchive
internal import Glibc

/// Reads the entries of a tar archive; no other format is tried, and nothing is extracted.
///
/// An archive may end without padding or end blocks.
///
/// Source: Go, archive/tar, `Reader.Next`; containerd, archive/tar.go, `createTarFile`.
final class TarArchiveReader {
    private let stream: TarStream
    private var heads = FileHeadReader()
    /// The number of bytes before the next header.
    private var remaining = 0
    private var padding = 0
    private var hasEntries = false

    init(_ stream: TarStream) {
        self.stream = stream
    }

    /// Returns the next relevant entry; `nil` at the end of the archive.
    func next() throws(LayerScanError) -> ScannedEntry? {
        while let header = try nextHeader() {
            guard let path = LayerPath(entryName: header.name) else {
                throw .malformed(.pathTooLong)
            }
            let isWhiteout = ScannedEntry.isWhiteout(path)
            // Source: containerd, archive/tar.go, "invalid whiteout name".
            guard !isWhiteout || !ScannedEntry.namesDirectory(path) else {
                throw .malformed(.invalidWhiteout)
            }
            let entry = isWhiteout ? .file(.data) : try entry(header, at: path)
            guard let meaning = ScannedEntry(entry, at: path), path != .root else { continue }
            return meaning
        }
        return nil
    }

    private func entry(
        _ header: TarHeader, at path: LayerPath
    ) throws(LayerScanError) -> LayerEntry {
        switch header.kind {
        case .file:
            return .file(
                LayerEntry.File(
                    isExecutable: header.mode & 0o111 != 0, head: try head(of: path)))
        case .directory: return .directory
        case .symbolicLink:
            guard header.linkName.count <= ScanLimits.pathByteCount else {
                throw .malformed(.pathTooLong)
            }
            return .symbolicLink(to: header.linkName)
        case .hardLink:
            guard let target = LayerPath(entryName: header.linkName) else {
                throw .malformed(.pathTooLong)
            }
            return .hardLink(to: target)
        case .characterDevice, .blockDevice, .pipe: return .special
        case .globalRecords, .records, .longName, .longLink, nil:
            throw .malformed(.unsupportedEntry)
        }
    }

    // MARK: Headers

    /// Returns the header of the next entry, with what the headers before it state.
    private func nextHeader() throws(LayerScanError) -> TarHeader? {
        var records = TarRecords()
        while true {
            try skipContent()
            guard var header = try readHeader() else { return nil }
            hasEntries = true
            switch header.kind {
            case .records, .longName, .longLink:
                guard let kind = header.kind, records.add(kind, try content(header)) else {
                    throw .malformed(.corruptArchive)
                }
            case .globalRecords: _ = try content(header)
            default:
                guard header.merge(records) else { throw .malformed(.corruptArchive) }
                begin(header.size)
                // The content of a sparse file begins with a map.
                if records.isSparse { try skipContent() }
                return header
            }
        }
    }

    /// Reads a header; `nil` at the end of the archive, which is marked by two blocks of zeros.
    private func readHeader() throws(LayerScanError) -> TarHeader? {
        let failure = LayerScanError.malformed(hasEntries ? .corruptArchive : .notAnArchive)
        let block = try stream.read(TarHeader.byteCount)
        guard !block.isEmpty else { return nil }
        guard block.count == TarHeader.byteCount else { throw failure }
        if block.allSatisfy({ $0 == 0 }) {
            let second = try stream.read(TarHeader.byteCount)
            guard second.isEmpty || second.count == block.count && second.allSatisfy({ $0 == 0 })
            else { throw failure }
            return nil
        }
        guard let header = TarHeader(block) else { throw failure }
        return header
    }

    // MARK: Content

    private func begin(_ size: Int) {
        remaining = size
        padding = (TarHeader.byteCount - size % TarHeader.byteCount) % TarHeader.byteCount
    }

    /// Returns the content of a header about the next entry.
    private func content(_ header: TarHeader) throws(LayerScanError) -> [UInt8] {
        guard (0...TarRecords.byteLimit).contains(header.size) else {
            throw .malformed(.corruptArchive)
        }
        begin(header.size)
        let content = try stream.read(header.size)
        guard content.count == header.size else { throw .malformed(.corruptArchive) }
        remaining = 0
        return content
    }

    private func skipContent() throws(LayerScanError) {
        while remaining > 0 {
            let count = try stream.skip(remaining)
            guard count > 0 else { throw .malformed(.corruptArchive) }
            remaining -= count
        }
        // The end of the file may lack its padding.
        while padding > 0 {
            let count = try stream.skip(padding)
            padding = count > 0 ? padding - count : 0
        }
    }

    /// Determines the type of the file whose header was read last.
    private func head(of path: LayerPath) throws(LayerScanError) -> LayerEntry.Head {
        heads.begin(path)
        while remaining > 0, !heads.isFinished {
            let chunk = try unsafe stream.peek(remaining)
            guard unsafe !chunk.isEmpty else { throw .malformed(.corruptArchive) }
            unsafe heads.append(chunk)
            remaining -= try stream.skip(chunk.count)
        }
        return heads.finish()
    }
}

/// A libarchive reader, which is freed with its last reference.
@safe
final class ArchiveHandle {
    let pointer: OpaquePointer

    init() throws(LayerScanError) {
        guard let pointer = unsafe archive_read_new() else { throw .limit(.memory) }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe archive_read_free(pointer)
    }

    /// Throws if a libarchive call failed; a warning is not a failure.
    ///
    /// libarchive's message is dropped, because it may quote the archive.
    func check(_ code: Int32, or error: LayerScanError) throws(LayerScanError) {
        guard code != ARCHIVE_OK, code != ARCHIVE_WARN else { return }
        guard unsafe archive_errno(pointer) != ENOMEM else { throw .limit(.memory) }
        throw error
    }
}

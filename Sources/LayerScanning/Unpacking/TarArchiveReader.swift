// SPDX-License-Identifier: Apache-2.0

internal import CArchive
internal import Glibc
internal import OCI

/// Reads the entries of a tar archive; no other format is tried, and nothing is extracted.
@safe
final class TarArchiveReader {
    private let bytes: TarStream
    private let archive: ArchiveHandle
    /// The error of the stream, of which libarchive knows only that it occurred.
    private var streamError: LayerScanError?
    private var hasEntries = false
    private var heads = FileHeadReader()

    init(_ bytes: TarStream) throws(LayerScanError) {
        self.bytes = bytes
        self.archive = try ArchiveHandle()
        try unsafe check(archive_read_support_format_tar(archive.pointer), .notAnArchive)
        // Without the empty filter, libarchive would detect one.
        try unsafe check(
            archive_read_append_filter(archive.pointer, ARCHIVE_FILTER_NONE), .notAnArchive)
        let opened = unsafe archive_read_open(
            archive.pointer, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, owner, chunk in
                guard let owner = unsafe owner, let chunk = unsafe chunk else { return -1 }
                return unsafe Unmanaged<TarArchiveReader>.fromOpaque(owner)
                    .takeUnretainedValue().provide(chunk)
            }, nil)
        try check(opened, .notAnArchive)
    }

    /// Provides more bytes to libarchive.
    private func provide(_ chunk: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do throws(LayerScanError) {
            let next = try unsafe bytes.next()
            unsafe chunk.pointee = next.baseAddress
            return next.count
        } catch {
            streamError = error
            return Int(ARCHIVE_FATAL)
        }
    }

    /// Returns the next relevant entry; `nil` at the end of the archive.
    func next() throws(LayerScanError) -> ScannedEntry? {
        while true {
            var header: OpaquePointer?
            let code = unsafe archive_read_next_header(archive.pointer, &header)
            if code == ARCHIVE_EOF, streamError == nil { return nil }
            try check(code, hasEntries ? .corruptArchive : .notAnArchive)
            guard let header = unsafe header else { throw .malformed(.corruptArchive) }
            hasEntries = true
            let path = try unsafe LayerPath(Self.text(archive_entry_pathname(header)))
            let entry = try unsafe entry(header, at: path)
            guard let meaning = ScannedEntry(entry, at: path), path != .root else { continue }
            guard meaning.path.components.allSatisfy({ $0.count <= ScanLimits.nameByteCount })
            else {
                throw .malformed(.pathTooLong)
            }
            return meaning
        }
    }

    private func entry(_ header: OpaquePointer, at path: LayerPath) throws(LayerScanError)
        -> LayerEntry
    {
        if let target = unsafe archive_entry_hardlink(header) {
            return .hardLink(to: LayerPath(try unsafe Self.text(target)))
        }
        switch unsafe archive_entry_filetype(header) {
        case mode_t(Glibc.S_IFDIR): return .directory
        case mode_t(Glibc.S_IFLNK):
            return .symbolicLink(to: try unsafe Self.text(archive_entry_symlink(header)))
        case mode_t(Glibc.S_IFREG):
            let mode = unsafe archive_entry_perm(header)
            return .file(
                LayerEntry.File(isExecutable: mode & 0o111 != 0, head: try head(of: path)))
        default: return .special
        }
    }

    /// Determines the type of the file whose header was read last.
    private func head(of path: LayerPath) throws(LayerScanError) -> LayerEntry.Head {
        heads.begin(path)
        var position: Int64 = 0
        while !heads.isFinished {
            var start: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let code = unsafe archive_read_data_block(archive.pointer, &start, &count, &offset)
            guard code != ARCHIVE_EOF else { break }
            try check(code, .corruptArchive)
            // The types of sparse files are not determined beyond the first hole.
            guard offset == position else { break }
            position += Int64(count)
            unsafe heads.append(UnsafeRawBufferPointer(start: start, count: count))
        }
        return heads.finish()
    }

    /// Returns a copy of a string that libarchive owns.
    private static func text(_ text: UnsafePointer<CChar>?) throws(LayerScanError) -> [UInt8] {
        guard let text = unsafe text else { throw .malformed(.corruptArchive) }
        let count = unsafe strlen(text)
        guard count <= ScanLimits.pathByteCount else { throw .malformed(.pathTooLong) }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: count))
    }

    private func check(
        _ code: Int32, _ malformation: LayerScanError.FormatError
    ) throws(LayerScanError) {
        if let streamError { throw streamError }
        try archive.check(code, or: .malformed(malformation))
    }

    /// Reads the bytes after the end of the archive, and returns the size of all bytes, and their
    /// digest if the stream has a hasher.
    func finish() throws(LayerScanError) -> (Digest?, Int) {
        try bytes.finish()
    }
}

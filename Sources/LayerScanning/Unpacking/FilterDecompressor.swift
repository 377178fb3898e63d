// SPDX-License-Identifier: Apache-2.0

internal import CArchive

/// Decompresses with exactly one libarchive filter.
///
/// Source: libarchive, archive_read_filter(3): after `append_filter` no filter is detected, so a
/// gzip file in a gzip file is decompressed once.
@safe
final class FilterDecompressor: ByteProducer {
    private let input: CompressedInput
    private let archive: ArchiveHandle

    init(_ filter: Int32, of input: CompressedInput) throws(LayerScanError) {
        self.input = input
        self.archive = try ArchiveHandle()
        try unsafe archive.check(archive_read_support_format_raw(archive.pointer), or: Self.corrupt)
        try unsafe archive.check(
            archive_read_append_filter(archive.pointer, filter), or: Self.corrupt)
        let opened = unsafe archive_read_open(
            archive.pointer, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, owner, chunk in
                guard let owner = unsafe owner, let chunk = unsafe chunk else { return -1 }
                let input = unsafe Unmanaged<FilterDecompressor>.fromOpaque(owner)
                    .takeUnretainedValue().input
                let bytes = unsafe input.next()
                unsafe chunk.pointee = bytes.baseAddress
                return bytes.count
            }, nil)
        try archive.check(opened, or: Self.corrupt)
        var entry: OpaquePointer?
        try unsafe archive.check(
            archive_read_next_header(archive.pointer, &entry), or: Self.corrupt)
    }

    private static let corrupt = LayerScanError.malformed(.corrupt)

    /// Returns the next chunk, valid until the next call; empty at the end.
    func next() throws(LayerScanError) -> UnsafeRawBufferPointer {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: Int64 = 0
        repeat {
            let code = unsafe archive_read_data_block(
                archive.pointer, &start, &count, &offset)
            if code == ARCHIVE_EOF {
                try expectEnd()
                return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
            }
            try archive.check(code, or: Self.corrupt)
        } while count == 0
        return unsafe UnsafeRawBufferPointer(start: start, count: count)
    }

    /// libarchive ignores trailing bytes; runtimes reject them.
    private func expectEnd() throws(LayerScanError) {
        let used = unsafe archive_filter_bytes(archive.pointer, -1)
        guard Int64(input.byteCount) == used, unsafe input.next().isEmpty else {
            throw .malformed(.trailingBytes)
        }
    }
}

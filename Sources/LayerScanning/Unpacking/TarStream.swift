// SPDX-License-Identifier: Apache-2.0

internal import CArchive
internal import Hashing
internal import OCI

/// The uncompressed archive of a layer, which is hashed and counted while it is read.
final class TarStream: ByteProducer {
    private let input: CompressedInput
    private let source: any ByteProducer
    private let limits: ScanLimits
    private var hasher: DigestHasher? = DigestHasher()
    private var byteCount = 0

    init(_ compression: LayerCompression, _ limits: ScanLimits) throws(LayerScanError) {
        self.input = try CompressedInput(compression)
        self.limits = limits
        self.source =
            switch compression {
            case .none: input
            case .gzip: try GzipDecompressor(of: input)
            case .zstd: try FilterDecompressor(ARCHIVE_FILTER_ZSTD, of: input)
            case .xz: try FilterDecompressor(ARCHIVE_FILTER_XZ, of: input)
            }
    }

    /// Returns the next chunk, valid until the next call; empty at the end.
    func next() throws(LayerScanError) -> UnsafeRawBufferPointer {
        let chunk = try unsafe source.next()
        byteCount += chunk.count
        try limits.check(packed: input.byteCount, unpacked: byteCount)
        unsafe hasher?.update(chunk.bytes)
        return unsafe chunk
    }

    /// Reads the remaining bytes, and returns the digest and size of the archive.
    func finish() throws(LayerScanError) -> (Digest, Int) {
        while unsafe try !next().isEmpty {}
        guard let hasher = hasher.take() else { throw .malformed(.corrupt) }
        return (hasher.finish(), byteCount)
    }
}

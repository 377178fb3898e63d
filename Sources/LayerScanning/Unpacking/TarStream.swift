// SPDX-License-Identifier: Apache-2.0

internal import CArchive
internal import Hashing
internal import OCI

/// The archive of a layer: what comes out of the one filter, hashed and counted on its way.
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

    /// The next piece, good until the one after it; empty at the end.
    func next() throws(LayerScanError) -> UnsafeRawBufferPointer {
        let piece = try unsafe source.next()
        byteCount += piece.count
        try limits.check(packed: input.byteCount, unpacked: byteCount)
        unsafe hasher?.update(piece.bytes)
        return unsafe piece
    }

    /// Reads what is left, and returns the digest and size of all.
    func finish() throws(LayerScanError) -> (Digest, Int) {
        while unsafe try !next().isEmpty {}
        guard let hasher = hasher.take() else { throw .malformed(.corrupt) }
        return (hasher.finish(), byteCount)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CArchive
internal import OCI

/// The uncompressed archive of a layer, which is hashed and counted while it is read.
final class TarStream: ByteProducer {
    private let input: CompressedInput
    private let source: any ByteProducer
    private let limits: ScanLimits
    private let hasher: TarHasher?
    private var byteCount = 0

    /// Creates a stream that reads standard input.
    ///
    /// - Parameters:
    ///   - compression: The compression of the layer.
    ///   - limits: The limits of the scan.
    ///   - hasher: The hasher of the uncompressed bytes; `nil` if the digest is not needed.
    /// - Throws: ``LayerScanError`` if the first bytes are not of this compression.
    init(
        _ compression: LayerCompression, _ limits: ScanLimits, _ hasher: TarHasher?
    ) throws(LayerScanError) {
        self.hasher = hasher
        self.input = try CompressedInput(compression)
        self.limits = limits
        self.source =
            switch input.compression {
            case .none: input
            case .gzip: try GzipDecompressor(of: input)
            case .zstd: try FilterDecompressor(ARCHIVE_FILTER_ZSTD, of: input)
            }
    }

    /// The compression of the layer, which may differ from the declared one.
    var compression: LayerCompression { input.compression }

    /// Returns the next chunk, valid until the next call; empty at the end.
    func next() throws(LayerScanError) -> UnsafeRawBufferPointer {
        let chunk = try unsafe source.next()
        byteCount += chunk.count
        try limits.check(packed: input.byteCount, unpacked: byteCount)
        unsafe hasher?.update(chunk)
        return unsafe chunk
    }

    /// Reads the remaining bytes, and returns the size of the archive, and its digest if there is a
    /// hasher.
    func finish() throws(LayerScanError) -> (Digest?, Int) {
        while unsafe try !next().isEmpty {}
        return (hasher?.finish(), byteCount)
    }
}

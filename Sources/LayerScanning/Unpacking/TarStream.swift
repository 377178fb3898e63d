// SPDX-License-Identifier: Apache-2.0

internal import CArchive
internal import OCI

/// A stage of decompression that returns bytes in chunks.
protocol ByteProducer: AnyObject {
    /// Returns the next chunk, valid until the next call; empty at the end.
    func next() throws(LayerScanError) -> UnsafeRawBufferPointer
}

/// The uncompressed archive of a layer, which is hashed and counted while it is read.
@safe
final class TarStream {
    private let input: CompressedInput
    private let source: any ByteProducer
    private let limits: ScanLimits
    private let hasher: TarHasher?
    private var byteCount = 0
    /// The bytes of the current chunk that were not consumed.
    private var rest: UnsafeRawBufferPointer

    /// Creates a stream.
    ///
    /// - Parameters:
    ///   - descriptor: The file descriptor to read.
    ///   - compression: The compression of the layer.
    ///   - limits: The limits of the scan.
    ///   - hasher: The hasher of the uncompressed bytes; `nil` if the digest is not needed.
    /// - Throws: ``LayerScanError`` if the first bytes are not of this compression.
    init(
        from descriptor: Int32, compression: LayerCompression, limits: ScanLimits,
        hasher: TarHasher?
    ) throws(LayerScanError) {
        self.hasher = hasher
        self.input = try CompressedInput(compression, from: descriptor)
        self.limits = limits
        unsafe rest = UnsafeRawBufferPointer(start: nil, count: 0)
        self.source =
            switch input.compression {
            case .none: input
            case .gzip: try GzipDecompressor(of: input)
            case .zstd: try FilterDecompressor(ARCHIVE_FILTER_ZSTD, of: input)
            }
    }

    /// The compression of the layer, which may differ from the declared one.
    var compression: LayerCompression { input.compression }

    /// Returns the next bytes without consuming them; empty at the end.
    ///
    /// They are valid until the next call after they were consumed.
    func peek(_ limit: Int) throws(LayerScanError) -> UnsafeRawBufferPointer {
        if unsafe rest.isEmpty { unsafe rest = try nextChunk() }
        return unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(limit))
    }

    /// Consumes bytes of one chunk.
    ///
    /// - Returns: Their number; 0 at the end.
    func skip(_ limit: Int) throws(LayerScanError) -> Int {
        let count = try unsafe peek(limit).count
        unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        return count
    }

    /// Consumes and returns bytes; fewer than `count` at the end.
    func read(_ count: Int) throws(LayerScanError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let chunk = try unsafe peek(count - bytes.count)
            guard unsafe !chunk.isEmpty else { break }
            unsafe bytes.append(contentsOf: chunk)
            _ = try skip(chunk.count)
        }
        return bytes
    }

    /// Reads the remaining bytes, and returns the size of the archive, and its digest if there is a
    /// hasher.
    func finish() throws(LayerScanError) -> (Digest?, Int) {
        while try skip(.max) > 0 {}
        return (hasher?.finish(), byteCount)
    }

    /// Returns the next chunk, valid until the next call; empty at the end.
    private func nextChunk() throws(LayerScanError) -> UnsafeRawBufferPointer {
        let chunk = try unsafe source.next()
        byteCount += chunk.count
        try limits.check(packed: input.byteCount, unpacked: byteCount)
        unsafe hasher?.update(chunk)
        return unsafe chunk
    }
}

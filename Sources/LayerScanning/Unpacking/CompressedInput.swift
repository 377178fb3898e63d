// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The compressed bytes of a layer, read from a file descriptor in chunks.
///
/// The object owns the buffer; a chunk is valid until the next one is read.
@safe
final class CompressedInput: ByteProducer {
    private static let capacity = 256 << 10

    private let descriptor: Int32
    private let buffer: UnsafeMutableRawBufferPointer
    private var held = 0
    /// The number of bytes that were returned.
    private(set) var byteCount = 0

    /// The compression of the bytes, which may differ from the declared one.
    let compression: LayerCompression

    /// Reads the first bytes, and detects the compression.
    ///
    /// Source: containerd, archive/compression, `DecompressStream`, which detects the compression
    /// of a layer whose media type states one; a layer without is never decompressed.
    init(_ declared: LayerCompression, from descriptor: Int32) throws(LayerScanError) {
        self.descriptor = descriptor
        unsafe buffer = .allocate(byteCount: Self.capacity, alignment: 16)
        while held < LayerCompression.magicByteCount {
            let count = unsafe Self.read(
                from: descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[held...]))
            guard count > 0 else { break }
            held += count
        }
        compression = unsafe LayerCompression(detecting: buffer.prefix(held))
        guard declared != .none || compression == .none else {
            throw .malformed(.otherCompression)
        }
    }

    deinit { unsafe buffer.deallocate() }

    /// Returns the next chunk; empty at the end.
    func next() -> UnsafeRawBufferPointer {
        let count = held > 0 ? held : unsafe Self.read(from: descriptor, into: buffer)
        held = 0
        byteCount += count
        return unsafe UnsafeRawBufferPointer(rebasing: buffer.prefix(count))
    }

    /// Returns the number of bytes that were read; 0 at the end and after an error.
    private static func read(
        from descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        while true {
            let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 || errno != EINTR { return max(count, 0) }
        }
    }
}

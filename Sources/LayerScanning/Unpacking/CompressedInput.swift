// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The bytes of a layer as they travel, read from standard input in pieces.
///
/// The buffer is the object's own and stays where it is; a piece is good until the next one.
@safe
final class CompressedInput: ByteProducer {
    private static let capacity = 256 << 10

    private let buffer: UnsafeMutableRawBufferPointer
    private var held = 0
    /// How many bytes were handed out.
    private(set) var byteCount = 0

    /// Reads the first bytes and compares them with the kind that was promised.
    init(_ compression: LayerCompression) throws(LayerScanError) {
        unsafe buffer = .allocate(byteCount: Self.capacity, alignment: 16)
        while held < LayerCompression.magicByteCount {
            let count = unsafe Self.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[held...]))
            guard count > 0 else { break }
            held += count
        }
        guard unsafe compression.begins(with: buffer.prefix(held)) else {
            throw .malformed(.otherCompression)
        }
    }

    deinit { unsafe buffer.deallocate() }

    /// The next piece; empty at the end.
    func next() -> UnsafeRawBufferPointer {
        let count = held > 0 ? held : unsafe Self.read(into: buffer)
        held = 0
        byteCount += count
        return unsafe UnsafeRawBufferPointer(rebasing: buffer.prefix(count))
    }

    /// How many bytes come, 0 at the end; what cannot be read ends the layer early.
    private static func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = unsafe Glibc.read(STDIN_FILENO, buffer.baseAddress, buffer.count)
            if count >= 0 || errno != EINTR { return max(count, 0) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A position in the uncompressed bytes of a layer.
@safe
final class ByteCursor {
    private let stream: TarStream
    /// The bytes of the current chunk that were not consumed.
    private var rest: UnsafeRawBufferPointer

    init(_ stream: TarStream) {
        self.stream = stream
        unsafe rest = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Returns the next bytes without consuming them; empty at the end.
    ///
    /// They are valid until the next call after they were consumed.
    func peek(_ limit: Int) throws(LayerScanError) -> UnsafeRawBufferPointer {
        if unsafe rest.isEmpty { unsafe rest = try stream.next() }
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
}

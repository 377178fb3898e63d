// SPDX-License-Identifier: Apache-2.0

/// A stage of decompression that returns bytes in chunks.
protocol ByteProducer: AnyObject {
    /// Returns the next chunk, valid until the next call; empty at the end.
    func next() throws(LayerScanError) -> UnsafeRawBufferPointer
}

// SPDX-License-Identifier: Apache-2.0

/// One stage of unpacking: bytes in pieces, pulled by the stage after it.
protocol ByteProducer: AnyObject {
    /// The next piece, good until the one after it; empty at the end.
    func next() throws(LayerScanError) -> UnsafeRawBufferPointer
}

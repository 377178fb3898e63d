// SPDX-License-Identifier: Apache-2.0

internal import CArchive
internal import Glibc

/// A libarchive reader, which is freed with its last reference.
@safe
final class ArchiveHandle {
    let pointer: OpaquePointer

    init() throws(LayerScanError) {
        guard let pointer = unsafe archive_read_new() else { throw .limit(.memory) }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe archive_read_free(pointer)
    }

    /// Throws if a libarchive call failed; a warning is not a failure.
    ///
    /// libarchive's message is dropped, because it may quote the archive.
    func check(_ code: Int32, or error: LayerScanError) throws(LayerScanError) {
        guard code != ARCHIVE_OK, code != ARCHIVE_WARN else { return }
        guard unsafe archive_errno(pointer) != ENOMEM else { throw .limit(.memory) }
        throw error
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A reason why the contents of a layer are unknown.
public enum LayerScanError: Error, Hashable, Sendable {
    /// The bytes are not a layer that runtimes could unpack.
    case malformed(FormatError)
    /// The layer exceeds a limit of the scan.
    case limit(Limit)
    /// The scan failed; the message is escaped for display.
    case scan(String)

    /// An error in the format of a layer.
    public enum FormatError: UInt8, Sendable, CaseIterable {
        /// The compression differs from the one that the media type declares.
        case otherCompression = 1
        /// The compressed bytes are corrupt or incomplete.
        case corrupt
        /// Bytes follow the end of the compressed data.
        case trailingBytes
        /// The uncompressed bytes are not a tar archive.
        case notAnArchive
        /// The tar archive is corrupt or incomplete.
        case corruptArchive
        /// A path or name exceeds the limits of a kernel.
        case pathTooLong
        /// A hard link refers to itself or to a directory.
        case impossibleLink
    }

    /// A limit of the scan.
    public enum Limit: UInt8, Sendable, CaseIterable {
        case entries = 101
        case unpackedBytes
        case ratio
        case memory
        /// The memory for the paths of the layer, including all directories.
        case paths
        /// The memory for the paths of all layers of an image.
        case imagePaths
    }
}

extension LayerScanError: CustomStringConvertible {
    /// The reason, without the layer.
    public var description: String {
        switch self {
        case .malformed(.otherCompression): "it is not compressed as its media type says"
        case .malformed(.corrupt): "its compressed bytes are broken or incomplete"
        case .malformed(.trailingBytes): "something follows its compressed bytes"
        case .malformed(.notAnArchive): "it is not a tar archive"
        case .malformed(.corruptArchive): "its tar archive is broken or incomplete"
        case .malformed(.pathTooLong):
            "it holds a path of more than 4095 bytes, or a name of more than 255"
        case .malformed(.impossibleLink):
            "it holds a hard link to itself or to a directory, which no runtime can create"
        case .limit(.entries): "it has too many entries"
        case .limit(.unpackedBytes): "it unpacks to too many bytes"
        case .limit(.ratio): "it unpacks to far more bytes than it has"
        case .limit(.memory): "unpacking it takes too much memory"
        case .limit(.paths): "its paths take too much memory"
        case .limit(.imagePaths): "the paths of all layers of the image take too much memory"
        case .scan(let reason): reason
        }
    }
}

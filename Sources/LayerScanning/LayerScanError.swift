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
        /// The bytes are compressed, but the media type states no compression.
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
        /// The path of an entry passes through a file.
        case fileAsDirectory
        /// The path of an entry passes through a cycle of links.
        case tooManyLinks
        /// The type of an entry is one that runtimes reject.
        case unsupportedEntry
        /// A whiteout names its own directory or the parent.
        case invalidWhiteout
    }

    /// A Boolean value that indicates whether the error is not a fact about the layer, so that another
    /// scan can succeed.
    public var isTemporary: Bool { if case .scan = self { true } else { false } }

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
        case .malformed(.otherCompression): "compressed, but the media type states no compression"
        case .malformed(.corrupt): "compressed data is corrupt or incomplete"
        case .malformed(.trailingBytes): "trailing bytes after the compressed data"
        case .malformed(.notAnArchive): "not a tar archive"
        case .malformed(.corruptArchive): "tar archive is corrupt or incomplete"
        case .malformed(.pathTooLong):
            "path longer than 4,095 bytes, or name longer than 255"
        case .malformed(.impossibleLink):
            "hard link to itself or to a directory"
        case .malformed(.fileAsDirectory): "path of an entry passes through a file"
        case .malformed(.tooManyLinks): "path of an entry passes through too many links"
        case .malformed(.unsupportedEntry): "type of a tar entry is not supported by runtimes"
        case .malformed(.invalidWhiteout): "whiteout of '.' or '..'"
        case .limit(.entries): "too many entries"
        case .limit(.unpackedBytes): "uncompressed size too large"
        case .limit(.ratio): "compression ratio too high"
        case .limit(.memory): "decompression exceeds the memory limit"
        case .limit(.paths): "paths exceed the memory limit"
        case .limit(.imagePaths): "paths of all layers exceed the memory limit"
        case .scan(let reason): reason
        }
    }
}

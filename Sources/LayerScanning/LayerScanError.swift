// SPDX-License-Identifier: Apache-2.0

/// Why a layer's contents are not known.
public enum LayerScanError: Error, Hashable, Sendable {
    /// The bytes are not what runtimes could unpack.
    case malformed(FormatError)
    /// Unpacking would take more than anybody should give.
    case limit(Limit)
    /// The scan itself failed: how, in words that are safe to show.
    case scan(String)

    /// What is wrong with a layer.
    public enum FormatError: UInt8, Sendable, CaseIterable {
        /// The bytes are packed in another way than the media type says.
        case otherCompression = 1
        /// The packed bytes are broken or end too early.
        case corrupt
        /// Something follows the packed bytes.
        case trailingBytes
        /// What is packed is no tar archive.
        case notAnArchive
        /// The archive is broken or ends too early.
        case corruptArchive
        /// A path or a name is longer than a kernel takes.
        case pathTooLong
        /// A hard link leads to itself or to a directory.
        case impossibleLink
    }

    /// What would be too much.
    public enum Limit: UInt8, Sendable, CaseIterable {
        case entries = 101
        case unpackedBytes
        case ratio
        case memory
        /// The paths of the archive, with all directories on them.
        case paths
        /// The paths of all layers of an image.
        case imagePaths
    }
}

extension LayerScanError: CustomStringConvertible {
    /// The reason in words, the layer being named by others.
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

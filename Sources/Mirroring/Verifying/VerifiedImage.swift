// SPDX-License-Identifier: Apache-2.0

public import Locking
public import OCI

/// What a target holds of one locked image.
public struct VerifiedImage: Sendable {
    /// Something that is not as the lock says.
    public enum Problem: Hashable, Sendable {
        /// The tag stands for other bytes, or for none.
        case tagMoved(Tag, now: Digest?)
        /// The index or manifest itself is gone.
        case manifestMissing(Digest)
        /// A manifest below the index is gone.
        case childMissing(Digest)
        /// A configuration or layer is gone, or has another size.
        case blobMissing(Digest)
        /// A platform's manifest is another than the lock says.
        case platformChanged(Platform)
        /// Stored bytes cannot be used.
        case broken(String)
    }

    /// The id in the lock.
    public let id: String
    /// The block.
    public let block: LockedImage
    /// What is not as the lock says; empty where all is well.
    public internal(set) var problems: [Problem] = []
    /// Why it could not be found out.
    public internal(set) var failure: Failure?
    /// How many manifests and blobs were seen to be there.
    public internal(set) var seen = 0
}

extension VerifiedImage.Problem: CustomStringConvertible {
    /// One line.
    public var description: String {
        switch self {
        case .tagMoved(let tag, nil): "tag \(tag) is gone"
        case .tagMoved(let tag, let now?): "tag \(tag) now stands for \(now.short)"
        case .manifestMissing(let digest): "\(digest.short), the image itself, is gone"
        case .childMissing(let digest): "the child manifest \(digest.short) is gone"
        case .blobMissing(let digest): "the blob \(digest.short) is gone"
        case .platformChanged(let platform): "\(platform) is another manifest than the lock says"
        case .broken(let reason): reason
        }
    }
}

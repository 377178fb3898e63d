// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Statistics of copying one image to one target.
public struct CopyReceipt: Hashable, Sendable {
    /// The number of blobs that were uploaded.
    public var blobsUploaded = 0
    /// The number of bytes in uploaded blobs.
    public var bytesUploaded = 0
    /// The number of blobs that were mounted from another repository of the registry.
    public var blobsMounted = 0
    /// The number of bytes in mounted blobs.
    public var bytesMounted = 0
    /// The number of blobs that were already present.
    public var blobsPresent = 0
    /// The number of bytes in blobs that were already present.
    public var bytesPresent = 0
    /// The number of manifests that were pushed.
    public var manifestsPushed = 0
    /// A Boolean value that indicates whether the target lists the root among the referrers of its
    /// subject.
    public var isListed = false
    /// The tag that keeps the digest which the image's tag pointed to before.
    public var retentionTag: Tag?

    /// The number of bytes that were not uploaded.
    public var bytesSaved: Int { bytesMounted.plus(bytesPresent) }

    /// Creates an empty receipt.
    public init() {}

    /// Adds the counts of another receipt.
    public static func += (sum: inout CopyReceipt, other: CopyReceipt) {
        sum.blobsUploaded += other.blobsUploaded
        sum.bytesUploaded = sum.bytesUploaded.plus(other.bytesUploaded)
        sum.blobsMounted += other.blobsMounted
        sum.bytesMounted = sum.bytesMounted.plus(other.bytesMounted)
        sum.blobsPresent += other.blobsPresent
        sum.bytesPresent = sum.bytesPresent.plus(other.bytesPresent)
        sum.manifestsPushed += other.manifestsPushed
    }
}

/// The result of copying one image to one target.
struct CopyResult: Sendable {
    /// The statistics, also of a failed copy.
    let receipt: CopyReceipt
    /// The failure that ended the copy, or `nil` if it succeeded.
    let failure: CopyError?

    /// Returns the statistics of a successful copy.
    ///
    /// - Throws: The failure of the copy.
    func get() throws(CopyError) -> CopyReceipt {
        if let failure { throw failure }
        return receipt
    }
}

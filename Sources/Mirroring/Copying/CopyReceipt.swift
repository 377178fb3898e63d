// SPDX-License-Identifier: Apache-2.0

public import OCI

/// What it took to bring one image to one target.
public struct CopyReceipt: Hashable, Sendable {
    /// How many blobs were sent.
    public var blobsUploaded = 0
    /// How many bytes these had.
    public var bytesUploaded = 0
    /// How many blobs the registry took from another of its repositories.
    public var blobsMounted = 0
    /// How many bytes these had, which need not be sent.
    public var bytesMounted = 0
    /// How many blobs were there already.
    public var blobsPresent = 0
    /// How many bytes these had, which need not be sent.
    public var bytesPresent = 0
    /// How many manifests of the image were written.
    public var manifestsPushed = 0
    /// Whether the target lists the root among the referrers of its subject.
    public var isListed = false
    /// The tag under which the digest that the image's tag has left is kept.
    public var kept: Tag?

    /// How many bytes need not be sent.
    public var bytesSaved: Int { bytesMounted.plus(bytesPresent) }

    /// Makes an empty receipt.
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

/// What became of one image at one destination.
struct CopyResult: Sendable {
    /// What it took, however it ended.
    let receipt: CopyReceipt
    /// What ended it; nil where the image has arrived.
    let failure: CopyError?

    /// What it took to arrive.
    ///
    /// - Throws: what ended the copy before.
    func get() throws(CopyError) -> CopyReceipt {
        if let failure { throw failure }
        return receipt
    }
}

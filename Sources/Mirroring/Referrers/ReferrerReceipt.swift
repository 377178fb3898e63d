// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
internal import OCI

/// The result of copying the referrers of an image to one target: signatures, SBOMs, attestations.
public struct ReferrerReceipt: Hashable, Sendable {
    /// The referrers that the target has, of those that were looked up.
    public internal(set) var verified: Set<LockedImage.Referrer> = []
    /// Those of them that this run copied.
    public internal(set) var written: Set<LockedImage.Referrer> = []
    /// The number of referrers that the target had already.
    public internal(set) var present = 0
    /// A Boolean value that indicates whether all requests to the source and the target succeeded.
    public internal(set) var isComplete = true
    /// The reasons for what was not copied, one line each.
    ///
    /// They do not fail the image.
    public internal(set) var warnings: [String] = []

    /// Creates an empty receipt.
    public init() {}

    /// The number of referrers that were copied by their digest.
    public var copied: Int { written.count { $0.tag == nil } }

    /// The number of tags such as `sha256-….sig` that were written.
    public var tags: Int { written.count { $0.tag != nil } }

    /// The digests of the referrers that name their subject and may have referrers themselves.
    var subjects: [Digest] { verified.filter { $0.tag == nil }.map(\.digest).sorted() }

    /// Records a warning once.
    mutating func warn(_ line: String) {
        if !warnings.contains(line) { warnings.append(line) }
    }

    /// Records a failure, after which the target may lack referrers.
    mutating func fail(_ subject: String, _ error: CopyError) {
        warn("\(subject): \(error)")
        switch error.failureClass {
        // The source responded: the listed manifest is missing or is not a referrer.
        case .missing where error.role == .source, .invalid where error.role == .source: break
        default: isComplete = false
        }
    }

    /// Adds the results for another subject of the same image.
    mutating func add(_ other: ReferrerReceipt) {
        verified.formUnion(other.verified)
        written.formUnion(other.written)
        present += other.present
        isComplete = isComplete && other.isComplete
        for warning in other.warnings { warn(warning) }
    }

    /// The receipt for another image with the same subject, which does not count the copies twice
    /// but has the same warnings.
    var shared: ReferrerReceipt {
        var shared = self
        shared.written = []
        shared.present = 0
        return shared
    }
}

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
    /// A Boolean value that indicates whether a failure may be temporary, so that the next run should
    /// try again.
    public internal(set) var shouldRetry = false
    private var failures: [Failure] = []

    /// A reason for what was not copied.
    private struct Failure: Hashable, Sendable {
        /// The operations that failed; none for a reason that concerns no particular one.
        var operations: [String]
        let cause: String

        var line: String {
            guard let first = operations.first else { return cause }
            let others = operations.count - 1
            let count = others > 0 ? " and \(others) more" : ""
            return "\(first)\(count): \(cause)"
        }
    }

    /// The reasons for what was not copied, one line each.
    ///
    /// They do not fail the image. A cause that concerns several subjects is one line.
    public var warnings: [String] { failures.map(\.line) }

    /// Creates an empty receipt.
    public init() {}

    /// The number of referrers that were copied by their digest.
    public var copied: Int { written.count { $0.tag == nil } }

    /// The number of tags such as `sha256-….sig` that were written.
    public var tags: Int { written.count { $0.tag != nil } }

    /// The digests of the referrers that name their subject and may have referrers themselves.
    var subjects: [Digest] { verified.filter { $0.tag == nil }.map(\.digest).sorted() }

    /// Records a warning once.
    mutating func warn(_ line: String) { add(Failure(operations: [], cause: line)) }

    private mutating func add(_ failure: Failure) {
        guard let index = failures.firstIndex(where: { $0.cause == failure.cause }) else {
            failures.append(failure)
            return
        }
        for operation in failure.operations where !failures[index].operations.contains(operation) {
            failures[index].operations.append(operation)
        }
    }

    /// Records a failure, after which the target may lack referrers.
    mutating func fail(_ operation: String, _ error: CopyError) {
        add(Failure(operations: [operation], cause: "\(error)"))
        switch error.failureClass {
        // The source responded: the listed manifest is missing or is not a referrer.
        case .missing where error.role == .source, .invalid where error.role == .source: break
        // The next run would have the same response.
        case .missing, .denied, .invalid: isComplete = false
        case .unavailable, .throttled, .quota, .integrity, .incomplete:
            isComplete = false
            shouldRetry = true
        }
    }

    /// Adds the results for another subject of the same image.
    mutating func add(_ other: ReferrerReceipt) {
        verified.formUnion(other.verified)
        written.formUnion(other.written)
        present += other.present
        isComplete = isComplete && other.isComplete
        shouldRetry = shouldRetry || other.shouldRetry
        for failure in other.failures { add(failure) }
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

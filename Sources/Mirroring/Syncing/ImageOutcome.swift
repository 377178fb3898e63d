// SPDX-License-Identifier: Apache-2.0

public import Content
public import Locking
public import OCI
public import Validation

/// What became of one image.
public struct ImageOutcome: Sendable {
    /// What became of it, in a word.
    public enum Status: String, Sendable, CaseIterable {
        /// It was there already, byte for byte and proved.
        case unchanged
        /// It was there already and has now been proved.
        case proved
        /// It was copied to at least one target.
        case mirrored
        /// It is not what it has to be; nothing was pushed.
        case refused
        /// The source does not have it.
        case missing
        /// It could not be done or found out.
        case failed
    }

    /// What became of it at one target.
    public struct AtTarget: Sendable {
        /// Where it is, or should be.
        public let location: StoreLocation
        /// What the copy took; nil where there was none.
        public var receipt: CopyReceipt?
        /// Why it is not there.
        public var failure: Failure?
        /// What became of what refers to it; nil where nobody looked.
        public var referrers: ReferrerReceipt?
        /// Whether clusters can pull it without credentials; nil where it was there before, where
        /// nobody needs any, and where it could not be found out.
        public var isPublic: Bool?
        /// The block for the target's lock; nil where the old one stays.
        public var block: LockedImage?
    }

    /// Which image.
    public let image: PlannedImage
    /// What became of it.
    public internal(set) var status: Status
    /// What its name stands for at the source.
    public internal(set) var descriptor: Descriptor?
    /// What was found out about it.
    public internal(set) var findings: [Finding]
    /// Why it could not be done, where that is no single target's affair.
    public internal(set) var failure: Failure?
    /// What exists instead of a tag that does not.
    public internal(set) var instead: NearestTags?
    /// What became of it at each target, in the configuration's order.
    public internal(set) var targets: [AtTarget]

    /// Begins with what resolving brought.
    init(_ resolved: ResolvedImage) {
        image = resolved.image
        status = .failed
        descriptor = resolved.descriptor
        findings = resolved.findings
        failure = resolved.failure
        instead = resolved.instead
        targets = resolved.targets.map { AtTarget(location: $0.location, failure: $0.failure) }
    }

    /// Every failure: the image's own and those at targets.
    public var failures: [Failure] { [failure].compactMap(\.self) + targets.compactMap(\.failure) }
}

/// What became of a whole run.
public struct SyncReport: Sendable {
    /// The images that were finished, in the plan's order.
    public let outcomes: [ImageOutcome]
    /// The images that an interruption left out, in the plan's order.
    public let unfinished: [PlannedImage]
    /// Entries that gave no image.
    public let problems: [Plan.Problem]
    /// Whether an interruption left anything out.
    public var wasInterrupted: Bool { !unfinished.isEmpty }
}

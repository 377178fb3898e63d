// SPDX-License-Identifier: Apache-2.0

public import Content
public import Lockfiles
public import OCI
public import Validation

/// What became of one image.
public struct ImageOutcome: Sendable {
    /// What became of it, in a word.
    public enum Status: String, Sendable, CaseIterable {
        /// It was there already, byte for byte and proved.
        case unchanged
        /// It was there already and has now been proved.
        case validated
        /// It was copied to at least one target.
        case mirrored
        /// It was copied again, the same bytes as before, to targets that had lost or changed them.
        case repaired
        /// It is not what it has to be; nothing was pushed.
        case rejected
        /// The source does not have it.
        case missing
        /// It could not be done or found out.
        case failed
    }

    /// What became of it at one target.
    public struct AtTarget: Sendable {
        /// Where it is, or should be.
        public let location: StoreLocation
        /// What had the name there before; nil where nothing had, or where it could not be asked.
        public let previous: Digest?
        /// What the target's lock had before; nil where it had no such block.
        public let locked: LockedImage?
        /// What the copy took, however it ended; nil where there was none.
        public var receipt: CopyReceipt?
        /// Why it is not there.
        public var failure: ImageFailure?
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
    public internal(set) var failure: ImageFailure?
    /// What exists instead of a tag that does not.
    public internal(set) var instead: NearestTags?
    /// What is known of its platforms; empty where nobody could look.
    public internal(set) var facts: ImageFacts
    /// How long it took, without the wait for its turn.
    public internal(set) var duration = Duration.zero
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
        targets = resolved.targets.map {
            AtTarget(
                location: $0.location, previous: $0.current?.digest, locked: $0.block,
                failure: $0.failure)
        }
        let block = targets.compactMap(\.locked).first { $0.digest == resolved.descriptor?.digest }
        facts = block.map { ImageFacts($0) } ?? ImageFacts(platforms: [])
    }

    /// Every failure: the image's own and those at targets.
    public var failures: [ImageFailure] {
        [failure].compactMap(\.self) + targets.compactMap(\.failure)
    }

    /// The warnings about referrers; what concerns several targets is listed once.
    public var referrerWarnings: [String] {
        targets.reduce(into: []) { warnings, target in
            for warning in target.referrers?.warnings ?? [] where !warnings.contains(warning) {
                warnings.append(warning)
            }
        }
    }

    /// What it was before this run: what a lock says, else what had its name at a target.
    public var previous: Digest? {
        targets.compactMap(\.locked?.digest).first ?? targets.compactMap(\.previous).first
    }

    /// How far its contents are proved by this run or by a lock; nil where they are not, and for a
    /// layout, which has no lock.
    public var validation: ValidationLevel? {
        guard isDone else { return nil }
        return targets.compactMap { ($0.block ?? $0.locked)?.validation }.min()
    }

    /// Takes what an earlier run knew of the same bytes, where this one did not look at them.
    ///
    /// A digest stands for the same bytes for ever, so that sizes and days stay true.
    public mutating func recall(_ known: [Digest: ImageFacts]) {
        guard facts.downloadSize == nil, let digest = descriptor?.digest,
            let earlier = known[digest]
        else { return }
        facts = earlier
    }

    /// Whether its name stands for other bytes at the source than it did before this run.
    public var hasMoved: Bool {
        guard let previous, let descriptor else { return false }
        return previous != descriptor.digest
    }
}

/// What became of a whole run.
public struct SyncReport: Sendable {
    /// The images that were finished, in the plan's order.
    public let outcomes: [ImageOutcome]
    /// The images that an interruption left out, in the plan's order.
    public let unfinished: [PlannedImage]
    /// Entries that gave no image.
    public let problems: [Plan.Problem]

    /// Makes a report; by default of a run that ended before it came to any image.
    public init(
        outcomes: [ImageOutcome] = [], unfinished: [PlannedImage] = [],
        problems: [Plan.Problem] = []
    ) {
        self.outcomes = outcomes
        self.unfinished = unfinished
        self.problems = problems
    }

    /// The same, with what an earlier run knew of bytes that this one did not look at.
    public func recalling(_ known: [Digest: ImageFacts]) -> SyncReport {
        var outcomes = outcomes
        for position in outcomes.indices { outcomes[position].recall(known) }
        return SyncReport(outcomes: outcomes, unfinished: unfinished, problems: problems)
    }

    /// Whether an interruption left anything out.
    public var wasInterrupted: Bool { !unfinished.isEmpty }
}

// SPDX-License-Identifier: Apache-2.0

public import Content
public import Lockfiles
public import OCI
public import Validation

/// The result of syncing one image.
public struct ImageOutcome: Sendable {
    /// The result in one word.
    public enum Status: String, Sendable, CaseIterable {
        /// The image was already present and its validation is recorded in the lock file.
        case unchanged
        /// The image was already present and was validated by this run.
        case validated
        /// The image was copied to at least one target.
        case mirrored
        /// The image was copied to targets that had lost or changed the content that the lock file
        /// lists.
        case repaired
        /// The image failed validation; nothing was pushed.
        case rejected
        /// The source does not have the image.
        case missing
        /// The image could not be copied or validated.
        case failed
    }

    /// The result at one target.
    public struct AtTarget: Sendable {
        /// The location of the image at the target.
        public let location: StoreLocation
        /// The digest that the name had at the target; `nil` if it had none or could not be
        /// resolved.
        public let previous: Digest?
        /// The lock entry before the run; `nil` if there was none.
        public let locked: LockedImage?
        /// Statistics of the copy, also of a failed one; `nil` if nothing was copied.
        public var receipt: CopyReceipt?
        /// The reason why the target does not have the image.
        public var failure: ImageFailure?
        /// The result of copying referrers; `nil` if this run did not look for any.
        public var referrers: ReferrerReceipt?
        /// A Boolean value that indicates whether the image can be pulled without credentials.
        ///
        /// It is `nil` if the image was already present, if no pull needs credentials, and if the
        /// check failed.
        public var isPublic: Bool?
        /// The new lock entry; `nil` if the old one stays.
        public var lockEntry: LockedImage?
    }

    /// The planned image.
    public let image: PlannedImage
    /// The status of the image.
    public internal(set) var status: Status
    /// The descriptor to which the name resolves at the source.
    public internal(set) var descriptor: Descriptor?
    /// The findings of resolution and validation.
    public internal(set) var findings: [Finding]
    /// The failure that concerns the image at all targets.
    public internal(set) var failure: ImageFailure?
    /// Existing tags that resemble a missing one.
    public internal(set) var suggestedTags: NearestTags?
    /// The facts about the platforms; empty if neither this run nor a lock entry knows them.
    public internal(set) var facts: ImageFacts
    /// The duration of the sync, excluding the wait for a slot.
    public internal(set) var duration = Duration.zero
    /// The result at each target, in the order of the configuration.
    public internal(set) var targets: [AtTarget]

    /// Creates an outcome from a resolved image; it counts as failed until the sync sets its
    /// status.
    init(_ resolved: ResolvedImage) {
        image = resolved.image
        status = .failed
        descriptor = resolved.descriptor
        findings = resolved.findings
        failure = resolved.failure
        suggestedTags = resolved.suggestedTags
        targets = resolved.targets.map {
            AtTarget(
                location: $0.location, previous: $0.current?.digest, locked: $0.lockEntry,
                failure: $0.failure)
        }
        let lockEntry = targets.compactMap(\.locked).first {
            $0.digest == resolved.descriptor?.digest
        }
        facts = lockEntry.map { ImageFacts($0) } ?? ImageFacts(platforms: [])
    }

    /// Every failure: that of the image and those at targets.
    public var failures: [ImageFailure] {
        [failure].compactMap(\.self) + targets.compactMap(\.failure)
    }

    /// The warnings about referrers, without duplicates.
    public var referrerWarnings: [String] {
        targets.reduce(into: []) { warnings, target in
            for warning in target.referrers?.warnings ?? [] where !warnings.contains(warning) {
                warnings.append(warning)
            }
        }
    }

    /// The digest before this run: that of a lock entry, otherwise that of the name at a target.
    public var previous: Digest? {
        targets.compactMap(\.locked?.digest).first ?? targets.compactMap(\.previous).first
    }

    /// The level to which this run or a lock entry validated the content at every target.
    ///
    /// It is `nil` if the image is not complete, and for a layout, which has no lock file.
    public var validation: ValidationLevel? {
        guard isDone else { return nil }
        return targets.compactMap { ($0.lockEntry ?? $0.locked)?.validation }.min()
    }

    /// Adds the facts of an earlier run about the same digest, if this run did not read the image.
    ///
    /// A digest identifies immutable content, so the facts stay true.
    public mutating func addFacts(from known: [Digest: ImageFacts]) {
        guard facts.downloadSize == nil, let digest = descriptor?.digest,
            let earlier = known[digest]
        else { return }
        facts = earlier
    }

    /// A Boolean value that indicates whether the name resolves to another digest than before this
    /// run.
    public var hasMoved: Bool {
        guard let previous, let descriptor else { return false }
        return previous != descriptor.digest
    }
}

/// The result of a run.
public struct SyncReport: Sendable {
    /// The finished images, in the order of the plan.
    public let outcomes: [ImageOutcome]
    /// The images that an interruption left unfinished, in the order of the plan.
    public let unfinished: [PlannedImage]
    /// Configuration entries that selected no image.
    public let problems: [Plan.Problem]

    /// Creates a report; without arguments, that of a run that ended before its first image.
    public init(
        outcomes: [ImageOutcome] = [], unfinished: [PlannedImage] = [],
        problems: [Plan.Problem] = []
    ) {
        self.outcomes = outcomes
        self.unfinished = unfinished
        self.problems = problems
    }

    /// Returns the report with the facts of an earlier run for images that this run did not read.
    public func addingFacts(from known: [Digest: ImageFacts]) -> SyncReport {
        var outcomes = outcomes
        for position in outcomes.indices { outcomes[position].addFacts(from: known) }
        return SyncReport(outcomes: outcomes, unfinished: unfinished, problems: problems)
    }

    /// A Boolean value that indicates whether an interruption left images unfinished.
    public var wasInterrupted: Bool { !unfinished.isEmpty }
}

// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
public import OCI
public import Validation

/// The result of syncing one image, derived from what the phases found.
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
        /// The image failed validation; no manifest was pushed.
        case rejected
        /// The source does not have the image.
        case missing
        /// The image could not be copied or validated.
        case failed
    }

    /// The result for the image as a whole, apart from the states of its targets.
    enum Verdict: Sendable {
        /// The image was not validated, because it was not found or no target is left that needs it.
        case notValidated
        /// The image was not validated, because every target has it; the findings are those that
        /// its lock entries imply.
        case unchanged([Finding])
        /// The image is valid.
        case valid(ValidationReport)
        /// The image is rejected.
        case rejected(ValidationReport)
        /// The image was rejected by an earlier run with these findings, and was not read again.
        case stillRejected([Finding])
        /// The image could not be read or validated.
        case failed(ImageFailure)

        /// The findings of validation, or those that replace them.
        fileprivate func findings(_ required: ImageRequirements) -> [Finding] {
            switch self {
            case .valid(let report), .rejected(let report): report.findings
            case .unchanged(let findings), .stillRejected(let findings):
                // The rule about the exception did not run.
                findings + [required.exceptionFinding].compactMap(\.self)
            case .notValidated, .failed: []
            }
        }
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
    /// The time in which requests and transfers of the image were in progress, without most waits for
    /// permits and for other images; retries of a transfer count.
    public internal(set) var duration = Duration.zero
    /// The result at each target, in the order of the configuration.
    public internal(set) var targets: [ImageTarget]
    /// A Boolean value that indicates whether the image was rejected by an earlier run and not read
    /// again.
    public internal(set) var isStillRejected: Bool
    /// The key by which a later run recognizes the rejection, or `nil` if the image was not rejected
    /// by the rules.
    public internal(set) var rejectionKey: String?

    /// Creates the outcome of a sync.
    ///
    /// - Parameters:
    ///   - resolved: The resolved image, with its targets after the last phase.
    ///   - required: The requirements of the image.
    ///   - loaded: The image as it was read; `nil` if it was not.
    ///   - verdict: The result for the image as a whole.
    init(
        _ resolved: ResolvedImage, _ required: ImageRequirements, loaded: LoadedImage? = nil,
        verdict: Verdict = .notValidated
    ) {
        let targets = resolved.targets
        image = resolved.image
        status = Self.status(of: resolved, at: targets, verdict)
        descriptor = resolved.descriptor
        findings = resolved.findings + verdict.findings(required)
        failure = if case .failed(let failure) = verdict { failure } else { resolved.failure }
        suggestedTags = resolved.suggestedTags
        facts =
            loaded.map { ImageFacts($0) }
            ?? ImageFacts(at: targets, listing: resolved.descriptor?.digest)
        self.targets = targets
        isStillRejected = if case .stillRejected = verdict { true } else { false }
        rejectionKey =
            switch verdict {
            case .rejected, .stillRejected:
                resolved.descriptor.map { RecordedRejections.key(of: $0.digest, required) }
            case .notValidated, .unchanged, .valid, .failed: nil
            }
    }

    private static func status(
        of resolved: ResolvedImage, at targets: [ImageTarget], _ verdict: Verdict
    ) -> Status {
        guard let digest = resolved.descriptor?.digest else {
            return resolved.failure?.failureClass == .missing ? .missing : .failed
        }
        let isFailed = targets.contains { $0.failure != nil }
        switch verdict {
        case _ where resolved.isRejected: return .rejected
        case .failed(let failure): return failure.failureClass == .invalid ? .rejected : .failed
        case .rejected, .stillRejected: return .rejected
        case _ where isFailed: return .failed
        case .notValidated, .unchanged:
            return targets.contains { $0.hasRestoredReferrers(of: digest) } ? .repaired : .unchanged
        case .valid:
            let copied = targets.filter { $0.receipt != nil }
            guard !copied.isEmpty else { return .validated }
            return copied.allSatisfy { $0.hadBefore(digest) } ? .repaired : .mirrored
        }
    }

    /// A Boolean value that indicates whether every target has the image, and it is valid.
    public var isDone: Bool {
        switch status {
        case .unchanged, .validated, .mirrored, .repaired: true
        case .rejected, .missing, .failed: false
        }
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
        targets.compactMap(\.lockedBefore?.digest).first
            ?? targets.compactMap(\.current?.digest).first
    }

    /// The level to which this run or a lock entry validated the content at every target.
    ///
    /// It is `nil` if the image is not complete, and for a layout, which has no lock file.
    public var validation: ValidationLevel? {
        guard isDone else { return nil }
        return targets.compactMap { ($0.lockEntry ?? $0.lockedBefore)?.validation }.min()
    }

    /// The required platforms whose content could not be checked, by this run or a lock entry.
    public var notChecked: [Platform] {
        guard isDone else { return [] }
        return Set(targets.compactMap { $0.lockEntry ?? $0.lockedBefore }.flatMap(\.notChecked))
            .sorted()
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

extension ImageTarget {
    /// Returns a Boolean value that indicates whether the run copied referrers that the lock file
    /// lists and the target had lost.
    fileprivate func hasRestoredReferrers(of digest: Digest) -> Bool {
        guard let written = referrers?.written, let locked = lockedBefore(listing: digest) else {
            return false
        }
        return !written.isDisjoint(with: locked.referrers)
    }
}

extension ImageFacts {
    /// Creates the facts from a lock entry that lists the digest; without facts if there is none.
    init(at targets: [ImageTarget], listing digest: Digest?) {
        let entry = targets.compactMap(\.lockedBefore).first { $0.digest == digest }
        self = entry.map { ImageFacts($0) } ?? ImageFacts(platforms: [])
    }
}

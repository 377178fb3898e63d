// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
public import OCI
internal import Validation

/// The lock of one target after a run, made from the lock before it and what became of the images.
///
/// A block leaves only when no entry makes its id any more. An image that failed, was refused, was
/// not selected or is not listed for the moment keeps its block: what it pins is still at the target.
public struct LockUpdate: Sendable {
    /// The new lock.
    public let lock: Lockfile
    /// Ids whose old block stays although their image is not as it should be.
    public let kept: [String]
    /// Ids whose block leaves.
    public let dropped: [String]

    /// Makes the lock of the target at `position` of the configuration.
    ///
    /// - Parameters:
    ///   - old: the lock as it was, nil where there was none.
    ///   - plan: what was to be done.
    ///   - report: what became of the images.
    ///   - config: the configuration.
    ///   - position: which target.
    ///   - inputs: what the lock was asked for by; nil for the configuration itself.
    public init(
        from old: Lockfile?, plan: Plan, report: SyncReport, config: MirrorConfiguration,
        position: Int,
        inputs: Digest? = nil
    ) {
        let target = config.targets[position]
        let retention = Retention(plan: plan, config: config)
        var images = (old?.images ?? [:]).filter { retention.keeps($0.key, $0.value, in: target) }
        var kept: [String] = []
        for outcome in report.outcomes {
            let here = outcome.targets.indices.contains(position) ? outcome.targets[position] : nil
            if let block = here?.block {
                images[outcome.image.id] = block
            } else if images[outcome.image.id] != nil, here?.failure != nil || !outcome.isDone {
                kept.append(outcome.image.id)
            }
        }
        self.lock = Lockfile(
            root: target.root, inputs: inputs ?? config.inputs,
            validation: config.validation, images: images)
        self.kept = kept
        self.dropped = (old?.images.keys.filter { images[$0] == nil } ?? []).sorted()
    }
}

extension ImageOutcome {
    /// Whether the image is at every target as it should be.
    public var isDone: Bool {
        switch status {
        case .unchanged, .validated, .mirrored, .repaired: true
        case .rejected, .missing, .failed: false
        }
    }
}

/// Which ids the configuration still makes.
private struct Retention {
    private let planned: Set<String>
    /// Entries whose tags come from a listing.
    private let patterns: [ImageEntry]
    private let listings: [StoreLocation: Set<Tag>]
    /// Entries that something kept from giving all their images.
    private let troubled: Set<ImageEntry>

    init(plan: Plan, config: MirrorConfiguration) {
        planned = Set(plan.allNames.map(\.id))
        patterns = config.images.filter {
            if case .pattern = $0.selection { true } else { false }
        }
        listings = plan.listings
        troubled = Set(plan.problems.map(\.entry))
    }

    /// Whether an entry makes the id now, or made it and nothing says that it does not any more.
    func keeps(_ id: String, _ block: LockedImage, in target: MirrorTarget) -> Bool {
        guard !planned.contains(id) else { return true }
        return patterns.contains { entry in
            guard let image = block.image(of: entry), let tag = image.tag,
                (try? image.location(in: target)) == .repository(block.repository)
            else { return false }
            // Not listed any more, not listed in this run, or an entry that failed: the block
            // stays. Listed and no longer picked: it goes.
            guard let listing = listings[image.source], !troubled.contains(entry) else {
                return true
            }
            return !listing.contains(tag)
        }
    }
}

extension LockedImage {
    /// The image that this block was made of, if the entry can have made it.
    fileprivate func image(of entry: ImageEntry) -> PlannedImage? {
        let prefix = "\(entry.sourceText):"
        guard source.hasPrefix(prefix),
            let tag = try? Tag(parsing: String(source.dropFirst(prefix.count)))
        else { return nil }
        return PlannedImage(id: "", entry: entry, tag: tag, digest: nil)
    }
}

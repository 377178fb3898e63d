// SPDX-License-Identifier: Apache-2.0

internal import Content
public import Lockfiles
public import OCI
internal import Validation

/// The lock file of one target after a run, computed from the previous lock file and the results.
///
/// An entry is removed only if no configuration entry produces its ID any more. An image that
/// failed, was rejected, was not selected or is temporarily not listed keeps its entry: the pinned
/// content is still at the target.
public struct LockUpdate: Sendable {
    /// The new lock file.
    public let lock: Lockfile
    /// The IDs of entries that stay although their image failed or was rejected.
    public let kept: [String]
    /// The IDs of removed entries.
    public let dropped: [String]

    /// Creates the lock file of a target.
    ///
    /// - Parameters:
    ///   - old: The previous lock file; `nil` if there was none.
    ///   - target: The target.
    ///   - plan: The plan of the run.
    ///   - report: The results of the run.
    ///   - configuration: The configuration.
    ///   - inputs: The fingerprint to record; `nil` for that of `configuration`.
    public init(
        from old: Lockfile?, for target: MirrorTarget, plan: Plan, report: SyncReport,
        configuration: MirrorConfiguration, inputs: Digest? = nil
    ) {
        let planned = Set(plan.allNames.map(\.id))
        var images = (old?.images ?? [:]).filter { id, lockEntry in
            planned.contains(id) || plan.mayProduce(lockEntry, in: target, configuration)
        }
        var kept: [String] = []
        for outcome in report.outcomes {
            let location = try? outcome.image.location(in: target)
            let result = outcome.targets.first { $0.location == location }
            if let lockEntry = result?.lockEntry {
                images[outcome.image.id] = lockEntry
            } else if images[outcome.image.id] != nil, result?.failure != nil || !outcome.isDone {
                kept.append(outcome.image.id)
            }
        }
        self.lock = Lockfile(
            root: target.root, inputs: inputs ?? configuration.inputs,
            validation: configuration.validation, images: images)
        self.kept = kept
        self.dropped = (old?.images.keys.filter { images[$0] == nil } ?? []).sorted()
    }
}

extension Plan {
    /// Returns a Boolean value that indicates whether an entry that the plan does not produce stays,
    /// because a configuration entry with a tag pattern may produce it again.
    ///
    /// It stays if its tag is no longer listed, was not listed in this run, or if the configuration
    /// entry did not produce all of its images because of a problem. It is removed if its tag is
    /// listed and no longer selected.
    fileprivate func mayProduce(
        _ lockEntry: LockedImage, in target: MirrorTarget, _ configuration: MirrorConfiguration
    ) -> Bool {
        configuration.images.contains { entry in
            guard case .pattern = entry.selection, let image = lockEntry.image(of: entry),
                let tag = image.tag, lockEntry.isAt(try? image.location(in: target))
            else { return false }
            guard let listing = listings[image.source],
                !problems.contains(where: { $0.entry == entry })
            else { return true }
            return !listing.contains(tag)
        }
    }
}

extension LockedImage {
    /// Returns the image of this lock entry, if the configuration entry can have produced it.
    fileprivate func image(of entry: ImageEntry) -> PlannedImage? {
        let prefix = "\(entry.sourceText):"
        guard source.hasPrefix(prefix),
            let tag = try? Tag(parsing: String(source.dropFirst(prefix.count)))
        else { return nil }
        return PlannedImage(id: "", entry: entry, tag: tag, digest: nil)
    }
}

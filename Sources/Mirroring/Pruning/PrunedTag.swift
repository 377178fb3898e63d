// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A tag that no lock file, keep-list or configuration entry references.
public struct PrunedTag: Sendable {
    /// The reason why a tag can be removed.
    public enum Reason: String, Sendable, CaseIterable {
        /// The tag retains a digest that no lock file and no keep-list references.
        case kept
        /// No lock file and no configuration entry has the tag.
        case gone
        /// The tag belongs to a manifest that no longer exists.
        case orphan
    }

    /// The result for one tag.
    public enum Outcome: Hashable, Sendable {
        /// The tag was listed, not removed.
        case listed
        case removed
        case failed(ImageFailure)
    }

    /// The repository of the tag.
    public let repository: Repository
    /// The tag.
    public let tag: Tag
    /// The reason why the tag can be removed.
    public let reason: Reason
    /// The result for the tag.
    public internal(set) var outcome: Outcome
}

/// The result of a prune run.
public struct PruneReport: Sendable {
    /// The tags that can be removed, ordered by repository.
    public internal(set) var tags: [PrunedTag] = []
    /// Repositories whose tags could not be listed.
    public internal(set) var failures: [(repository: Repository, failure: ImageFailure)] = []
    /// The number of tags that are kept.
    public internal(set) var keptCount = 0
}

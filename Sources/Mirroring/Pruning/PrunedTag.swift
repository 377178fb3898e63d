// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A tag that nothing names any more.
public struct PrunedTag: Sendable {
    /// Why it is superfluous.
    public enum Reason: String, Sendable, CaseIterable {
        /// It keeps a digest that no lock and no keep-list names.
        case kept
        /// No entry and no lock has it.
        case gone
        /// It speaks of a manifest that is not there any more.
        case orphan
    }

    /// What became of it.
    public enum Fate: Hashable, Sendable {
        /// It was only listed.
        case listed
        case removed
        case failed(ImageFailure)
    }

    /// Where it is.
    public let repository: Repository
    /// The tag.
    public let tag: Tag
    /// Why it is superfluous.
    public let reason: Reason
    /// What became of it.
    public internal(set) var fate: Fate
}

/// What a clean-up found, and did.
public struct PruneReport: Sendable {
    /// The superfluous tags, in the order of their repositories.
    public internal(set) var tags: [PrunedTag] = []
    /// Repositories whose tags could not be listed.
    public internal(set) var failures: [(repository: Repository, failure: ImageFailure)] = []
    /// How many tags are as they should be.
    public internal(set) var spared = 0
}

// SPDX-License-Identifier: Apache-2.0

/// A set of versions, written in the range grammar of Masterminds/semver v3.
public struct VersionRange: Hashable, Sendable {
    /// The range as it was written.
    public let text: String
}

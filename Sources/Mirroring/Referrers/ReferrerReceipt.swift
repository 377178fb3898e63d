// SPDX-License-Identifier: Apache-2.0

/// What became, at one target, of the manifests that refer to an image: signatures, lists of parts,
/// attestations.
public struct ReferrerReceipt: Hashable, Sendable {
    /// How many referrers were copied.
    public var copied = 0
    /// How many were there already.
    public var present = 0
    /// How many tags of the kind `sha256-….sig` were written.
    public var tags = 0
    /// What could not be done, in a line each; none of it fails the image.
    public var warnings: [String] = []

    /// Makes an empty receipt.
    public init() {}
}

// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The digests of everything that one target holds: a Helm values file by itself.
///
/// Images stand in a map by id, because Helm merges maps and replaces lists, below `global`, which
/// Helm hands to subcharts.
public struct Lockfile: Hashable, Sendable {
    /// The version of the format.
    public static let schema = 1

    /// The keys under which the block stands.
    public var root: [String]
    /// The hash of the configuration that asked for it.
    public var inputs: Digest
    /// The level of proof that the configuration demands; nil demands nothing.
    public var validation: ValidationLevel?
    /// The images by id.
    public var images: [String: LockedImage]

    /// Makes a lock.
    public init(
        root: [String] = ["global", "ocimirror"], inputs: Digest, validation: ValidationLevel?,
        images: [String: LockedImage] = [:]
    ) {
        self.root = root
        self.inputs = inputs
        self.validation = validation
        self.images = images
    }
}

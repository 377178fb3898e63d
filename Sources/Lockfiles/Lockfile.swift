// SPDX-License-Identifier: Apache-2.0

public import OCI

/// The digests of all images at one target.
///
/// A lock file is also a Helm values file.
///
/// Images are a mapping by id because Helm merges mappings and replaces lists. They are below
/// `global` because Helm passes `global` to subcharts.
public struct Lockfile: Hashable, Sendable {
    /// The version of the format.
    public static let schema = 1

    /// The keys that lead to the content of the lock file.
    public var root: [String]
    /// The hash of the configuration that the lock file was written from.
    public var inputs: Digest
    /// The validation level that the configuration requires; `nil` requires none.
    public var validation: ValidationLevel?
    /// The images by id.
    public var images: [String: LockedImage]

    /// Creates a lock file.
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

// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// A check of the metadata of an image: its index, manifests and configs.
protocol Rule: Sendable {
    /// The lowest validation level at which the rule runs.
    var level: ValidationLevel { get }

    /// Returns the findings of the rule about an image.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding]
}

/// A check of the layers of one required platform, which runs at the level `content`.
protocol PlatformRule: Sendable {
    /// Returns the findings of the rule about the image of a platform.
    func findings(about scanned: PlatformRootFS, required: ImageRequirements) -> [Finding]
}

// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A validation rule: a check of an image that returns findings.
public protocol Rule: Sendable {
    /// The lowest validation level at which the rule runs.
    var level: ValidationLevel { get }

    /// Returns the findings of the rule about an image.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding]
}

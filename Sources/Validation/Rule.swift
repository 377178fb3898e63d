// SPDX-License-Identifier: Apache-2.0

public import OCI

/// One question about an image, answered with findings.
public protocol Rule: Sendable {
    /// The least level at which the question is asked.
    var level: ValidationLevel { get }

    /// Answers the question.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding]
}

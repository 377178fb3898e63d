// SPDX-License-Identifier: Apache-2.0

public import OCI
public import Validation

/// An image with the descriptors of its name at the source and at each target.
public struct ResolvedImage: Sendable {
    /// The image.
    public let image: PlannedImage
    /// The descriptor to which the name resolves at the source; `nil` if it is missing or the
    /// request failed.
    public internal(set) var descriptor: Descriptor?
    /// The findings about the name.
    public internal(set) var findings: [Finding] = []
    /// Existing tags that resemble a missing one.
    public internal(set) var suggestedTags: NearestTags?
    /// The reason why there is no descriptor.
    public internal(set) var failure: ImageFailure?
    /// The image at each target, in the order of the configuration.
    public internal(set) var targets: [ImageTarget] = []

    /// A Boolean value that indicates whether a finding about the name rejects the image.
    var isRejected: Bool { findings.contains { $0.severity == .error } }

    /// Returns the minimum number of manifests that a sync reads from the source.
    ///
    /// Docker Hub counts each as a pull. An index has at least one child for each required
    /// platform; other children are known only after reading it. A target that has the image is
    /// read instead of the source.
    ///
    /// - Parameter platforms: The number of required platforms.
    /// - Returns: The number of manifests, 0 if the source is not read.
    public func leastPulls(platforms: Int) -> Int {
        let actions = targets.compactMap(\.state.action)
        guard let descriptor, actions.contains(where: { $0 == .copy || $0 == .replace }),
            !targets.contains(where: \.state.hasImage)
        else { return 0 }
        return descriptor.mediaType.isIndex ? 1 + platforms : 1
    }
}

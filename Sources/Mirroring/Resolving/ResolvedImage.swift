// SPDX-License-Identifier: Apache-2.0

public import Content
public import Lockfiles
public import OCI
public import Validation

/// An image with the descriptors of its name at the source and at each target.
public struct ResolvedImage: Sendable {
    /// The action that a target needs.
    public enum Action: String, Sendable, CaseIterable {
        /// The target has the image, and its lock entry covers all requirements.
        case nothing
        /// The target has the image, but its lock entry does not cover all requirements.
        case validate
        /// The target does not have the name.
        case copy
        /// The name points to another digest at the target.
        case replace
    }

    /// The state of the image at one target.
    public struct AtTarget: Sendable {
        /// The location of the image at the target.
        public let location: StoreLocation
        /// The descriptor that the name has at the target; `nil` if there is none.
        public internal(set) var current: Descriptor?
        /// The lock entry.
        public internal(set) var lockEntry: LockedImage?
        /// The required action; `nil` if the name could not be resolved.
        public internal(set) var action: Action?
        /// A Boolean value that indicates whether the lock entry covers all requirements.
        public internal(set) var isValidated = false
        /// The reason why the name could not be resolved at the target.
        public internal(set) var failure: ImageFailure?
    }

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
    /// The state at each target, in the order of the configuration.
    public internal(set) var targets: [AtTarget] = []

    /// Returns the minimum number of manifests that a sync reads from the source.
    ///
    /// Docker Hub counts each as a pull. An index has at least one child for each required
    /// platform; other children are known only after reading it. A target that has the image is
    /// read instead of the source.
    ///
    /// - Parameter platforms: The number of required platforms.
    /// - Returns: The number of manifests, 0 if the source is not read.
    public func leastPulls(platforms: Int) -> Int {
        let actions = targets.compactMap(\.action)
        guard let descriptor, actions.contains(where: { $0 == .copy || $0 == .replace }),
            !actions.contains(where: { $0 == .nothing || $0 == .validate })
        else { return 0 }
        return descriptor.mediaType.isIndex ? 1 + platforms : 1
    }
}

// SPDX-License-Identifier: Apache-2.0

public import Content
public import Lockfiles
public import OCI
public import Validation

/// One image with what its name stands for now, at the source and at each target.
public struct ResolvedImage: Sendable {
    /// What is to be done for one target.
    public enum Action: String, Sendable, CaseIterable {
        /// Nothing: the bytes are there, and the lock says all that is asked for.
        case nothing
        /// The bytes are there, but the lock does not say enough of them.
        case validate
        /// Nothing has the name there.
        case copy
        /// Other bytes have the name there.
        case replace
    }

    /// How the image stands at one target.
    public struct AtTarget: Sendable {
        /// Where the image is, or should be.
        public let location: StoreLocation
        /// What has its name there; nil where nothing has.
        public internal(set) var current: Descriptor?
        /// The lock's block.
        public internal(set) var block: LockedImage?
        /// What is to be done; nil where the target could not be asked.
        public internal(set) var action: Action?
        /// Whether the lock proves of these bytes all that is asked for.
        public internal(set) var isValidated = false
        /// Why the target could not be asked.
        public internal(set) var failure: ImageFailure?
    }

    /// The image.
    public let image: PlannedImage
    /// What its name stands for at the source; nil where it is missing or could not be asked for.
    public internal(set) var descriptor: Descriptor?
    /// What was noticed about its name.
    public internal(set) var findings: [Finding] = []
    /// What exists instead of a tag that does not.
    public internal(set) var instead: NearestTags?
    /// Why there is no descriptor.
    public internal(set) var failure: ImageFailure?
    /// Each target, in the configuration's order.
    public internal(set) var targets: [AtTarget] = []

    /// The least number of manifests that would be read from the source.
    ///
    /// Docker Hub counts each as a pull. An index has at least one child for each required
    /// platform; what else it has is known only once it is read. Bytes that some target has are
    /// read there.
    ///
    /// - Parameter platforms: how many platforms are required.
    /// - Returns: the number, 0 where nothing is read from the source.
    public func leastPulls(platforms: Int) -> Int {
        let actions = targets.compactMap(\.action)
        guard let descriptor, actions.contains(where: { $0 == .copy || $0 == .replace }),
            !actions.contains(where: { $0 == .nothing || $0 == .validate })
        else { return 0 }
        return descriptor.mediaType.isIndex ? 1 + platforms : 1
    }
}

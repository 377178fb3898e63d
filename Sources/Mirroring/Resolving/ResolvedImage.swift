// SPDX-License-Identifier: Apache-2.0

public import Content
public import Lockfiles
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

/// An image at one target: what was there before the run, and the state since.
public struct ImageTarget: Sendable {
    /// The location of the image at the target, which identifies the target.
    public let location: StoreLocation
    /// The descriptor that the name had before the run; `nil` if it had none or could not be
    /// resolved.
    public let current: Descriptor?
    /// The lock entry before the run; `nil` if there was none.
    public let lockedBefore: LockedImage?
    /// A Boolean value that indicates whether that lock entry covers all requirements.
    public let isValidated: Bool
    /// The state.
    public internal(set) var state: TargetState
    /// The new lock entry; `nil` if the old one stays.
    public internal(set) var lockEntry: LockedImage?
    /// The result of copying referrers; `nil` if this run did not look for any.
    public internal(set) var referrers: ReferrerReceipt?
    /// A Boolean value that indicates whether the image can be pulled without credentials.
    ///
    /// It is `nil` if the image was already present, if no pull needs credentials, and if the check
    /// failed.
    public internal(set) var isPublic: Bool?

    init(
        location: StoreLocation, current: Descriptor? = nil, lockedBefore: LockedImage? = nil,
        isValidated: Bool = false, state: TargetState
    ) {
        self.location = location
        self.current = current
        self.lockedBefore = lockedBefore
        self.isValidated = isValidated
        self.state = state
    }

    /// Statistics of the copy, also of a failed one; `nil` if nothing was copied.
    public var receipt: CopyReceipt? {
        switch state {
        case .blobsCopied(let receipt), .copied(let receipt): receipt
        case .failed(_, let receipt): receipt
        case .upToDate, .needsValidation, .needsCopy: nil
        }
    }

    /// The reason why the target does not have the image.
    public var failure: ImageFailure? {
        if case .failed(let failure, _) = state { failure } else { nil }
    }

    /// A Boolean value that indicates whether the target had neither the name nor a lock entry.
    var isNew: Bool { current == nil && lockedBefore == nil }

    /// The lock entry before the run if it lists an image in the same repository.
    var lockedInRepository: LockedImage? {
        lockedBefore.flatMap { $0.isAt(location) ? $0 : nil }
    }

    /// Returns the lock entry before the run if it lists the same content in the same repository.
    func lockedBefore(listing digest: Digest) -> LockedImage? {
        lockedInRepository.flatMap { $0.digest == digest ? $0 : nil }
    }

    /// Returns a Boolean value that indicates whether the target had the digest before, by its lock
    /// entry or by its current tag.
    func hadBefore(_ digest: Digest) -> Bool {
        lockedBefore(listing: digest) != nil || current?.digest == digest
    }
}

/// The state of an image at one target.
///
/// The resolver returns one of the first three, or a failure; each later phase returns the next
/// state.
public enum TargetState: Hashable, Sendable {
    /// The target has the image, and its lock entry covers all requirements.
    case upToDate
    /// The target has the image, but its lock entry does not cover all requirements.
    case needsValidation
    /// The target lacks the image or a part of it. If its name points to another image, the copy
    /// replaces that.
    case needsCopy(replacing: Descriptor?)
    /// The target has the blobs of the image. The manifests follow once the image is valid.
    case blobsCopied(CopyReceipt)
    /// The image was copied.
    case copied(CopyReceipt)
    /// The target could not be read or written, possibly after a part of the copy.
    case failed(ImageFailure, CopyReceipt? = nil)

    /// The action that a target needs after resolution.
    public enum Action: String, Sendable, CaseIterable {
        /// The target has the image, and its lock entry covers all requirements.
        case nothing
        /// The target has the image, but its lock entry does not cover all requirements.
        case validate
        /// The target lacks the image.
        case copy
        /// The name points to another digest at the target.
        case replace
    }

    /// The action that the target needs; `nil` for a target that was copied to or has failed.
    public var action: Action? {
        switch self {
        case .upToDate: .nothing
        case .needsValidation: .validate
        case .needsCopy(replacing: nil): .copy
        case .needsCopy: .replace
        case .blobsCopied, .copied, .failed: nil
        }
    }

    /// A Boolean value that indicates whether the target has the whole image.
    var hasImage: Bool {
        switch self {
        case .upToDate, .needsValidation, .copied: true
        case .needsCopy, .blobsCopied, .failed: false
        }
    }

    /// A Boolean value that indicates whether the target still needs the image or its validation.
    var isPending: Bool {
        switch self {
        case .needsValidation, .needsCopy, .blobsCopied: true
        case .upToDate, .copied, .failed: false
        }
    }
}

extension [ImageTarget] {
    /// Changes the target at a location.
    mutating func update(_ location: StoreLocation, _ change: (inout ImageTarget) -> Void) {
        for position in indices where self[position].location == location {
            change(&self[position])
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

public import Content
public import OCI

/// Something that happens during a run, told while it happens.
///
/// Observers are called from the tasks that do the work and must return at once.
public enum MirrorEvent: Sendable {
    /// An image is looked at.
    case started(PlannedImage)
    /// An image is copied to a target.
    case copying(PlannedImage, to: StoreLocation, bytes: Int)
    /// A tag has moved; the digest that it had was kept under a tag of its own.
    case kept(Tag, at: StoreLocation)
    /// What became of an image is known.
    case finished(ImageOutcome)
}

/// Somebody who is told what happens.
public typealias MirrorObserver = @Sendable (MirrorEvent) -> Void

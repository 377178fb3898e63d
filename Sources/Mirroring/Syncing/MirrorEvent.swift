// SPDX-License-Identifier: Apache-2.0

public import Content
public import OCI

/// An event during a run.
///
/// Observers are called from the tasks that do the work and must return immediately.
public enum MirrorEvent: Sendable {
    /// The sync of an image started.
    case started(PlannedImage)
    /// The copy of an image to a target started.
    case copying(PlannedImage, to: StoreLocation, bytes: Int)
    /// The digest that a moved tag had before was retained under a tag of its own.
    case kept(Tag, at: StoreLocation)
    /// The sync of an image finished.
    case finished(ImageOutcome)
}

/// A function that receives the events of a run.
public typealias MirrorObserver = @Sendable (MirrorEvent) -> Void

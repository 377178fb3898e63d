// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

extension LockedImage {
    /// Creates the lock entry of a validated image at a target; `nil` for a layout, which has no
    /// lock file.
    ///
    /// An index of Windows images lists a platform once for each OS version. A lock file
    /// distinguishes platforms without versions, as Kubernetes does, and lists the first.
    init?(
        _ image: PlannedImage, _ descriptor: Descriptor, _ report: ValidationReport,
        at location: StoreLocation
    ) {
        guard case .repository(let repository) = location else { return nil }
        let pins = report.platforms.map { entry in
            (
                Platform(
                    os: entry.platform.os, architecture: entry.platform.architecture,
                    variant: entry.platform.variant),
                PlatformPin(digest: entry.descriptor.digest, size: entry.descriptor.size)
            )
        }
        self.init(
            source: image.sourceText, upstream: image.upstreamText(descriptor.digest),
            repository: repository, tag: image.versionTag, digest: descriptor.digest,
            mediaType: descriptor.mediaType, size: descriptor.size, validation: report.level,
            requires: image.entry.requires.sorted(),
            platforms: Dictionary(pins) { first, _ in first })
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Lockfiles
internal import OCI
internal import Validation

extension LockedImage {
    /// The block for an image that is at a target and has been judged; a layout has none.
    ///
    /// Indexes of Windows images list a platform once for each version of the system. A lock tells
    /// platforms apart as Kubernetes does, without versions, and has the first.
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

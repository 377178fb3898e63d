// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Validation

extension ImageRequirements {
    /// Creates the requirements of a configuration entry on a given day.
    init(_ entry: ImageEntry, platforms: [Platform], today: CalendarDay) {
        self.init(
            platforms: platforms,
            level: entry.isArtifact ? .index : entry.requires.isEmpty ? entry.validation : .content,
            isArtifact: entry.isArtifact, paths: entry.requires,
            exception: entry.exception.map { exception in
                ImageRequirements.Exception(
                    platforms: exception.platforms, reason: exception.reason,
                    until: exception.until?.description,
                    daysLeft: exception.until.map { $0.daysSinceEpoch - today.daysSinceEpoch })
            })
    }
}

extension ImageEntry {
    /// Returns the digests of the children of an index that `copy: required` copies, or `nil` if all
    /// children are copied or there are none.
    ///
    /// The index keeps its bytes and thus its digest, so it is sparse at the target. A child without
    /// a platform is always copied, and an attestation manifest with the child that it describes.
    ///
    /// Source: image-spec, image-index.md; BuildKit's attestation storage.
    func wantedChildren(
        of root: RawManifest, required: ImageRequirements
    ) throws -> Set<Digest>? {
        guard copy == .required, !isArtifact,
            case .index(let index) = try root.decoded()
        else { return nil }
        var wanted: Set<Digest> = []
        for child in index.manifests where !LoadedImage.isAttestation(child) {
            guard let platform = child.platform else {
                wanted.insert(child.digest)
                continue
            }
            if required.effectivePlatforms.contains(where: { $0.matches(platform) }) {
                wanted.insert(child.digest)
            }
        }
        for child in index.manifests where LoadedImage.isAttestation(child) {
            let subject = child.annotations["vnd.docker.reference.digest"]
                .flatMap { try? Digest(parsing: $0) }
            if let subject, wanted.contains(subject) { wanted.insert(child.digest) }
        }
        return wanted
    }
}

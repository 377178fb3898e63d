// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Validation

extension ContentSource {
    /// Returns a suggested tag whose index lists every required platform.
    ///
    /// Each candidate costs one manifest, which Docker Hub counts as a pull, so at most four are
    /// read. The content of the tag is not validated: the user has to check it.
    ///
    /// - Parameters:
    ///   - near: The suggested tags.
    ///   - rejected: The digest of the rejected image, which no suggestion may have.
    ///   - required: The requirements.
    /// - Returns: The first such tag; `nil` if there is none or the tags could not be read.
    /// - Throws: `CancellationError`.
    func completeTag(
        _ near: NearestTags?, excluding rejected: Digest? = nil, for required: ImageRequirements
    ) async throws -> Tag? {
        guard let near else { return nil }
        var candidates = near.nearest
        if let release = near.newestRelease, !candidates.contains(release) {
            candidates.append(release)
        }
        // Releases come before prereleases, even if a prerelease is more similar.
        candidates = candidates.filter { !$0.isPrerelease } + candidates.filter(\.isPrerelease)
        for tag in candidates {
            let lists = try? await lists(required, under: tag, excluding: rejected)
            try Task.checkCancellation()
            if lists == true { return tag }
        }
        return nil
    }

    private func lists(
        _ required: ImageRequirements, under tag: Tag, excluding rejected: Digest?
    ) async throws -> Bool {
        guard let descriptor = try await resolve(.tag(tag)), descriptor.digest != rejected else {
            return false
        }
        let root = try await fetch(manifest: descriptor)
        guard case .index(let index) = try root.decoded() else {
            let graph = try await ManifestGraph.read(from: root, in: self)
            var metadata = required
            metadata.level = .index
            let image = try await LoadedImage(graph, in: self, required: metadata)
            return Validator().validate(image, required: metadata).isAccepted
        }
        return required.effectivePlatforms.allSatisfy { platform in
            index.manifests.contains { $0.platform.map(platform.matches) ?? false }
        }
    }
}

extension Tag {
    /// A Boolean value that indicates whether the tag names a prerelease rather than a variant.
    fileprivate var isPrerelease: Bool {
        name.lowercased().split { "-+._".contains($0) }.contains { part in
            ["rc", "alpha", "beta", "pre", "dev", "snapshot", "nightly"]
                .contains { part == $0 || (part.hasPrefix($0) && part.last?.isNumber == true) }
        }
    }
}

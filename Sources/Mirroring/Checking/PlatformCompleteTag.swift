// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Validation

extension ContentSource {
    /// Looks for a tag that has every required platform, among those that come near a wanted one.
    ///
    /// Each look reads one manifest, which Docker Hub counts as a pull, so there are at most four. What an
    /// index lists is not proved: the tag is one to check, not one to trust.
    ///
    /// - Parameters:
    ///   - near: the tags that come near.
    ///   - rejected: bytes that are known to be no good, whatever tags they have.
    ///   - required: what is asked for.
    /// - Returns: the first such tag; nil where there is none, or where it could not be found out.
    /// - Throws: `CancellationError`.
    func completeTag(
        _ near: NearestTags?, besides rejected: Digest? = nil, for required: ImageRequirements
    ) async throws -> Tag? {
        guard let near else { return nil }
        var candidates = near.nearest
        if let release = near.newestRelease, !candidates.contains(release) {
            candidates.append(release)
        }
        // A release before a prerelease, however near that is.
        candidates = candidates.filter { !$0.isUnfinished } + candidates.filter(\.isUnfinished)
        for tag in candidates {
            let lists = try? await lists(required, under: tag, besides: rejected)
            try Task.checkCancellation()
            if lists == true { return tag }
        }
        return nil
    }

    private func lists(
        _ required: ImageRequirements, under tag: Tag, besides rejected: Digest?
    ) async throws -> Bool {
        guard let descriptor = try await resolve(.tag(tag)), descriptor.digest != rejected else {
            return false
        }
        let root = try await fetch(manifest: descriptor)
        guard case .index(let index) = try root.decoded() else {
            let graph = try await ManifestGraph.read(from: root, in: self)
            var claims = required
            claims.level = .index
            let image = try await LoadedImage(graph, in: self, required: claims)
            return Validator().validate(image, required: claims).isAccepted
        }
        return required.effectivePlatforms.allSatisfy { platform in
            index.manifests.contains { $0.platform.map(platform.matches) ?? false }
        }
    }
}

extension Tag {
    /// Whether it says that it is not finished; what else stands behind the numbers is a variant.
    fileprivate var isUnfinished: Bool {
        name.lowercased().split { "-+._".contains($0) }.contains { part in
            ["rc", "alpha", "beta", "pre", "dev", "snapshot", "nightly"]
                .contains { part == $0 || (part.hasPrefix($0) && part.last?.isNumber == true) }
        }
    }
}

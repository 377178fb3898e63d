// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Reports layers that the source may not store itself.
struct ForeignLayerRule: Rule {
    /// Runs at every level.
    let level = ValidationLevel.index

    /// Returns findings for layers that are foreign or have `urls`.
    ///
    /// They are copied like any other layer if the source serves them. The `urls` are never used.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.images.compactMap { candidate in
            let count = candidate.manifest.layers.count {
                $0.mediaType.isForeignLayer || $0.hasURLs
            }
            guard count > 0 else { return nil }
            let platform = candidate.platform.map { "\($0): " } ?? ""
            let layers = count == 1 ? "1 foreign layer" : "\(count) foreign layers"
            return Finding(
                .foreignLayer, .warning, platform: candidate.platform,
                "\(platform)\(layers), copied only if the source serves \(count == 1 ? "it" : "them")"
            )
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Reports layers that the source may not store itself.
public struct ForeignLayerRule: Rule {
    /// Runs at every level.
    public let level = ValidationLevel.index

    /// Returns findings for layers that are foreign or have `urls`.
    ///
    /// They are copied like any other layer if the source serves them. The `urls` are never used.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.images.compactMap { candidate in
            let count = candidate.manifest.layers.count {
                $0.mediaType.isForeignLayer || $0.hasURLs
            }
            guard count > 0 else { return nil }
            let whose = candidate.platform.map { "the \($0) image" } ?? "the image"
            return Finding(
                .foreignLayer, .warning, platform: candidate.platform,
                "\(whose) has \(count) foreign \(count == 1 ? "layer" : "layers"), which are copied "
                    + "only if the source itself holds them")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

public import OCI

/// Asks for layers that the source may not have itself.
public struct ForeignLayerRule: Rule {
    /// Asked at every level.
    public let level = ValidationLevel.index

    /// Finds layers that are foreign or name other places to fetch them from.
    ///
    /// They are copied like any other if the source serves them; other places are never asked.
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

// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Checks that the config of each required platform lists as many layers as its manifest.
struct LayerCountRule: Rule {
    /// Runs from the level `config`.
    let level = ValidationLevel.config

    /// Returns findings for images whose layers and `diff_ids` differ in number.
    ///
    /// Source: image-spec, config.md § Properties, `rootfs.diff_ids`.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.images.compactMap { candidate in
            guard let platform = candidate.platform, let config = candidate.config,
                required.effectivePlatforms.contains(where: { $0.matches(platform) }),
                config.diffIDs.count != candidate.manifest.layers.count
            else { return nil }
            return Finding(
                .diffIDMismatch, .error, platform: platform,
                "\(platform): manifest lists \(candidate.manifest.layers.count) layers, but config lists "
                    + "\(config.diffIDs.count) diff_ids")
        }
    }
}

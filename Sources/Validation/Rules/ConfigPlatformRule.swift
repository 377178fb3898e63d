// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Checks that the config of each required platform states the platform of its index entry.
struct ConfigPlatformRule: Rule {
    /// Runs from the level `config`.
    let level = ValidationLevel.config

    /// Returns findings for configs that contradict their index or cannot be read.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.images.compactMap { candidate in
            guard let platform = candidate.platform,
                required.effectivePlatforms.contains(where: { $0.matches(platform) })
            else { return nil }
            if let problem = candidate.configProblem {
                return Finding(
                    .configMismatch, .error, platform: platform,
                    "\(platform): config cannot be read: \(problem)")
            }
            guard let config = candidate.config else {
                return Finding(
                    .notChecked, .warning, platform: platform,
                    "\(platform): config type \(candidate.manifest.config.mediaType) is not that "
                        + "of an image config")
            }
            guard platform.matches(config.platform) || platform.isVariant(of: config.platform)
            else {
                return Finding(
                    .configMismatch, .error, platform: platform,
                    "config states \(config.platform), but the index states \(platform)")
            }
            return nil
        }
    }
}

extension Platform {
    /// Returns whether a platform is this one without its variant, which many configs leave out.
    fileprivate func isVariant(of other: Platform) -> Bool {
        other.variant == nil && os == other.os && architecture == other.architecture
    }
}

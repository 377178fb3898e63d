// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
public import OCI

/// Checks that each layer of a required platform can be decompressed and matches its `diff_id`.
public struct LayerIntegrityRule: Rule {
    /// Runs at the level `content`.
    public let level = ValidationLevel.content

    /// Returns findings for layers that are malformed, do not match their `diff_id` or were not
    /// scanned.
    ///
    /// Source: image-spec, config.md § Layer DiffID.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        image.images(of: required).flatMap { candidate -> [Finding] in
            guard let platform = candidate.platform, let config = candidate.config else {
                return []
            }
            return candidate.manifest.layers.enumerated().compactMap { position, layer in
                let diffID =
                    config.diffIDs.indices.contains(position) ? config.diffIDs[position] : nil
                let name = "\(platform): layer \(layer.digest.short)"
                switch image.contents(of: layer) {
                case .success(let contents):
                    return Self.finding(contents.diffID, diffID, name, platform)
                case .failure(.malformed(let reason)):
                    return Finding(
                        .layerBroken, .error, platform: platform,
                        "\(name) cannot be unpacked: \(LayerScanError.malformed(reason))")
                case .failure(let error):
                    return Finding(
                        .notChecked, .warning, platform: platform,
                        "\(name) not scanned: \(error)")
                case nil:
                    // A layer that no rule required was not scanned.
                    guard LayerCompression(layer.mediaType) == nil else { return nil }
                    return Finding(
                        .notChecked, .warning, platform: platform,
                        "\(name) not scanned: unsupported media type \(layer.mediaType)")
                }
            }
        }
    }

    private static func finding(
        _ actual: Digest, _ stated: Digest?, _ name: String, _ platform: Platform
    ) -> Finding? {
        // `LayerCountRule` reports a missing `diff_id`; another algorithm cannot be compared.
        guard let stated, stated.algorithm == actual.algorithm, stated != actual else {
            return nil
        }
        return Finding(
            .diffIDMismatch, .error, platform: platform,
            "\(name) has diff_id \(actual.short), but config states \(stated.short)")
    }
}

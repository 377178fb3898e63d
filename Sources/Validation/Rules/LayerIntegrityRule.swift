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
                let place = candidate.layer(at: position)
                switch image.contents(of: layer) {
                case .success(let contents):
                    return Self.finding(contents.diffID, diffID, name, platform, place)
                        ?? Self.finding(contents.tree, position, candidate, name, image)
                        ?? Self.finding(
                            contents.compression, layer.mediaType, name, platform, place)
                case .failure(.malformed(let reason)):
                    return Finding(
                        .layerBroken, .error, platform: platform, layer: place,
                        "\(name) cannot be unpacked: \(LayerScanError.malformed(reason))")
                case .failure(let error):
                    return Finding(
                        .notChecked, .warning, platform: platform, layer: place,
                        "\(name) not scanned: \(error)")
                case nil:
                    // A layer that no rule required was not scanned.
                    guard LayerCompression(layer.mediaType) == nil else { return nil }
                    guard !LayerCompression.isUnsupported(layer.mediaType) else {
                        return Finding(
                            .layerBroken, .error, platform: platform, layer: place,
                            "\(name) cannot be unpacked: runtimes do not support "
                                + "\(layer.mediaType)")
                    }
                    return Finding(
                        .notChecked, .warning, platform: platform, layer: place,
                        "\(name) not scanned: unsupported media type \(layer.mediaType)")
                }
            }
        }
    }

    private static func finding(
        _ actual: Digest, _ stated: Digest?, _ name: String, _ platform: Platform,
        _ layer: Finding.Layer
    ) -> Finding? {
        // `LayerCountRule` reports a missing `diff_id`; another algorithm cannot be compared.
        guard let stated, stated.algorithm == actual.algorithm, stated != actual else {
            return nil
        }
        return Finding(
            .diffIDMismatch, .error, platform: platform, layer: layer,
            "\(name) has diff_id \(actual.short), but config states \(stated.short)")
    }

    /// Returns a finding for a layer that runtimes cannot unpack above the layers below it.
    private static func finding(
        _ tree: LayerFileTree, _ position: Int, _ candidate: LoadedImage.PlatformImage,
        _ name: String, _ image: LoadedImage
    ) -> Finding? {
        func broken(_ reason: String) -> Finding {
            Finding(
                .layerBroken, .error, platform: candidate.platform,
                layer: candidate.layer(at: position),
                "\(name) cannot be unpacked: \(reason)")
        }
        let isSeparate = image.linkHandling == .replaced
        if isSeparate, let path = tree.deletedOwnEntry {
            return broken("whiteout of \(path.displayText), which the layer itself contains")
        }
        guard let path = tree.linkToLowerLayer else { return nil }
        let finding = broken(
            "hard link \(path.displayText) to a file that the layer does not contain before it")
        guard !isSeparate else { return finding }
        guard case .hardLink(let target)? = tree[path],
            let scanned = PlatformRootFS(candidate, of: image),
            case .nothing = scanned.rootFileSystem.look(at: target, below: position).found
        else { return nil }
        return finding
    }

    /// Returns a finding for a layer whose compression is not the one that its media type states.
    ///
    /// Source: containerd, archive/compression, `DecompressStream`.
    private static func finding(
        _ actual: LayerCompression, _ mediaType: MediaType, _ name: String, _ platform: Platform,
        _ layer: Finding.Layer
    ) -> Finding? {
        guard let stated = LayerCompression(mediaType), stated != actual else { return nil }
        let description = actual == .none ? "not compressed" : "compressed with \(actual.rawValue)"
        return Finding(
            .layerBroken, .warning, platform: platform, layer: layer,
            "\(name) is \(description), but its media type states \(stated.rawValue); some runtimes "
                + "reject it")
    }
}

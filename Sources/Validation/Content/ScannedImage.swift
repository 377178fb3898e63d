// SPDX-License-Identifier: Apache-2.0

internal import LayerArchive
internal import OCI

/// An image of a required platform, as far as its layers were looked into.
struct ScannedImage {
    let platform: Platform
    let config: ImageConfig
    let view: FlattenedView
    /// The processor of the platform; nil for one that is not known.
    let machine: Machine?

    /// Joins what was scanned; nil where nothing is known of what it starts, which others report.
    init?(_ candidate: ExaminedImage.PlatformImage, of image: ExaminedImage) {
        guard let platform = candidate.platform, let config = candidate.config else { return nil }
        let trees = candidate.manifest.layers.map { layer in
            (try? image.layers[layer.digest]?.get())?.tree
        }
        self.platform = platform
        self.config = config
        self.view = FlattenedView(layers: trees)
        self.machine = Machine(platform)
    }
}

extension ExaminedImage {
    /// The images that can be judged by their contents.
    func scannedImages(of required: Requirement) -> [ScannedImage] {
        images(of: required).compactMap { ScannedImage($0, of: self) }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// An image of a required platform, as far as its layers were looked into.
struct PlatformRootFS {
    let platform: Platform
    let config: ImageConfig
    let view: RootFileSystem
    /// The processor of the platform; nil for one that is not known.
    let machine: CPUArchitecture?

    /// Joins what was scanned; nil where nothing is known of what it starts, which others report.
    init?(_ candidate: LoadedImage.PlatformImage, of image: LoadedImage) {
        guard let platform = candidate.platform, let config = candidate.config else { return nil }
        let trees = candidate.manifest.layers.map { layer in
            (try? image.contents(of: layer)?.get())?.tree
        }
        self.platform = platform
        self.config = config
        self.view = RootFileSystem(layers: trees, budget: image.lookupBudget)
        self.machine = CPUArchitecture(platform)
    }
}

extension LoadedImage {
    /// The images that can be judged by their contents.
    func scannedImages(of required: ImageRequirements) -> [PlatformRootFS] {
        images(of: required).compactMap { PlatformRootFS($0, of: self) }
    }
}

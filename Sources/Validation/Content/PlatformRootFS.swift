// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// The config and root file system of a required platform.
struct PlatformRootFS {
    let platform: Platform
    let config: ImageConfig
    let rootFileSystem: RootFileSystem
    /// The CPU architecture of the platform; `nil` if it is unknown.
    let architecture: CPUArchitecture?

    /// Creates the root file system from the scanned layers; `nil` if the config is missing, which
    /// other rules report.
    init?(_ candidate: LoadedImage.PlatformImage, of image: LoadedImage) {
        guard let platform = candidate.platform, let config = candidate.config else { return nil }
        let trees = candidate.manifest.layers.map { layer in
            (try? image.contents(of: layer)?.get())?.tree
        }
        self.platform = platform
        self.config = config
        self.rootFileSystem = RootFileSystem(
            layers: trees, linkHandling: image.linkHandling, budget: image.lookupBudget)
        self.architecture = CPUArchitecture(platform)
    }
}

extension LoadedImage {
    /// Returns the images of the required platforms that have a config.
    func scannedImages(of required: ImageRequirements) -> [PlatformRootFS] {
        images(of: required).compactMap { PlatformRootFS($0, of: self) }
    }
}

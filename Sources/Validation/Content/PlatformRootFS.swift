// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI
internal import TextSafety

/// The scanned layers of a required platform, and what a container of the image starts.
struct PlatformRootFS {
    /// A layer, with its contents or scan error; `nil` if it was not scanned.
    typealias Layer = (descriptor: Descriptor, contents: LayerScanResult?)

    let platform: Platform
    let config: ImageConfig
    let rootFileSystem: RootFileSystem
    /// The CPU architecture of the platform; `nil` if it is unknown.
    let architecture: CPUArchitecture?
    /// The layers, base layer first.
    let layers: [Layer]
    /// The programs that a container of the image starts.
    let startedPrograms: StartedPrograms

    /// Creates the root file system from the scanned layers; `nil` if the config is missing, which
    /// other rules report.
    init?(
        _ candidate: LoadedImage.PlatformImage, of image: LoadedImage,
        linkHandling: RootFileSystem.LinkHandling, budget: LookupBudget
    ) {
        guard let platform = candidate.platform, let config = candidate.config else { return nil }
        self.platform = platform
        self.config = config
        layers = candidate.manifest.layers.map { ($0, image.contents(of: $0)) }
        rootFileSystem = RootFileSystem(
            layers: layers.map { (try? $0.contents?.get())?.tree }, linkHandling: linkHandling,
            budget: budget)
        architecture = CPUArchitecture(platform)
        startedPrograms = StartedPrograms(of: config, in: rootFileSystem, for: architecture)
    }

    // MARK: Layers

    /// Returns the layer that added a file; `nil` if it is unknown.
    func layer(of path: LayerPath) -> Finding.Layer? {
        rootFileSystem.layers.lastIndex { $0?[path] != nil }.map(layer)
    }

    /// Returns a layer for a finding.
    func layer(at position: Int) -> Finding.Layer {
        let history = config.layerHistory
        let text = history.count == layers.count ? history[position] : nil
        return Finding.Layer(
            position: position + 1, count: layers.count,
            digest: layers[position].descriptor.digest, createdBy: text.map(Self.shortened))
    }

    /// Returns the command that created a layer, without the words that builders add.
    private static func shortened(_ text: String) -> String {
        var text = text[...]
        for prefix in ["RUN ", "/bin/sh -c ", "#(nop) "] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.count).drop { $0 == " " }
        }
        if text.hasSuffix(" # buildkit") { text = text.dropLast(11) }
        let words = text.prefix(1000).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return UntrustedText(words).display(limit: 80)
    }

    /// The maximum length of a path whose directories are looked up in every layer for a message.
    private static let describedPathByteCount = 256

    /// Returns the description of a layer that replaces a symbolic link on a path by a directory;
    /// `nil` if there is none.
    ///
    /// Files that were below the link's target are then missing at this path.
    func replacedLink(above path: String) -> String? {
        guard path.hasPrefix("/"), path.utf8.count <= Self.describedPathByteCount else {
            return nil
        }
        var directory = LayerPath(path).directory
        while let current = directory, current != .root {
            if let position = rootFileSystem.layers.lastIndex(where: { $0?[current] == .directory }
            ),
                let link = rootFileSystem.layers[..<position].compactMap({ $0?[current] }).last,
                case .symbolicLink(let target) = link
            {
                let target = UntrustedText(String(decoding: target, as: UTF8.self))
                return
                    "layer \(position + 1) of \(rootFileSystem.layers.count) replaces the link "
                    + "\(current.displayText) to \(target.display(limit: 100)) by a directory"
            }
            directory = current.directory
        }
        return nil
    }
}

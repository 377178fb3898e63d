// SPDX-License-Identifier: Apache-2.0

internal import LayerScanning
internal import OCI

/// Layers whose result depends on the runtime that unpacks them.
///
/// The rules run once for each ``RootFileSystem/LinkHandling``. What holds for both is certain;
/// what holds for one of them is likely.
struct UnpackingDifference {
    /// A link that an upper layer uses as a directory, and the digest of that layer.
    private var replacedLink: (path: LayerPath, layer: Digest)?

    /// Finds the difference; `nil` if every runtime unpacks the layers to the same files.
    ///
    /// - Parameter platforms: The platforms, with links followed.
    init?(_ platforms: [PlatformRootFS]) {
        for platform in platforms where replacedLink == nil {
            guard let (path, layer) = platform.rootFileSystem.replacedLink else { continue }
            replacedLink = (path, platform.layers[layer].descriptor.digest)
        }
        let isDependent = platforms.contains { platform in
            platform.rootFileSystem.layers.contains {
                $0?.linkToLowerLayer != nil || $0?.deletedOwnEntry != nil
            }
        }
        guard isDependent || replacedLink != nil else { return nil }
    }

    /// Merges the findings for layers that are written through links, and for layers whose
    /// directories replace links.
    ///
    /// A platform that fails in both cases fails certainly, even if the causes differ.
    func merge(_ followed: [Finding], _ replaced: [Finding]) -> [Finding] {
        let both = Set(followed).intersection(replaced)
        let failing = Self.failingPlatforms(followed).intersection(Self.failingPlatforms(replaced))
        let isCertain = { (finding: Finding) in
            both.contains(finding)
                || finding.severity == .error && failing.contains(finding.platform)
        }
        let overlay =
            replacedLink.map { path, layer in
                "with overlayfs, where layer \(layer.short) replaces the link \(path.displayText)"
            } ?? "with overlayfs"
        let ids = Set(followed.filter(isCertain).map(\.id))
        let others = replaced.filter { !(isCertain($0) && ids.contains($0.id)) }
        return followed.map {
            isCertain($0) ? $0 : $0.likely(if: "where layers are unpacked through links")
        } + others.map { $0.likely(if: overlay) }
    }

    private static func failingPlatforms(_ findings: [Finding]) -> Set<Platform?> {
        Set(findings.filter { $0.severity == .error }.map(\.platform))
    }
}

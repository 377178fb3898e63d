// SPDX-License-Identifier: Apache-2.0

internal import Content
public import OCI

/// Asks for an image for every required platform, and for an index where there are several.
public struct PlatformCoverage: Rule {
    /// Asked at every level.
    public let level = ProofLevel.index

    /// Finds missing platforms, platforms with two images, and a single image in an index's place.
    public func findings(about image: ExaminedImage, required: Requirement) -> [Finding] {
        let platforms = required.effectivePlatforms
        var findings: [Finding] = []
        let present = image.images.compactMap(\.platform)
        if case .image = image.graph.root.manifest, platforms.count > 1 {
            let only = present.first.map { "for \($0) " } ?? ""
            findings.append(
                Finding(
                    .notAnIndex, .error,
                    "this is one image \(only)and no index, so it runs on one platform only"))
        }
        for platform in platforms {
            switch present.count(where: { platform.matches($0) }) {
            case 0:
                let have =
                    present.isEmpty ? "none" : present.map(\.description).joined(separator: ", ")
                findings.append(
                    Finding(
                        .platformMissing, .error, platform: platform,
                        "there is no image for \(platform); there is \(have)"))
            case 1: break
            case let count:
                findings.append(
                    Finding(
                        .platformTwice, .warning, platform: platform,
                        "\(count) images are for \(platform); a runtime takes the first"))
            }
        }
        return findings
    }
}

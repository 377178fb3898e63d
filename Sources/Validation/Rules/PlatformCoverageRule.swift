// SPDX-License-Identifier: Apache-2.0

internal import Content
public import OCI

/// Checks that each required platform has an image, and that several platforms have an index.
public struct PlatformCoverageRule: Rule {
    /// Runs at every level.
    public let level = ValidationLevel.index

    /// Returns findings for missing platforms, platforms with two images, and single images without
    /// an index.
    public func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        let platforms = required.effectivePlatforms
        var findings: [Finding] = []
        let present = image.images.compactMap(\.platform)
        if case .image = image.graph.root.manifest, platforms.count > 1 {
            findings.append(
                Finding(.notAnIndex, .error, Self.description(of: image.images.first)))
        }
        for case (let candidate, let problem?) in image.images.map({ ($0, $0.configProblem) })
        where candidate.promised == nil {
            findings.append(
                Finding(
                    .configMismatch, .error,
                    "no index says the platform of \(candidate.descriptor.digest.short), and its "
                        + "configuration cannot be read: \(problem)"))
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

    private static func description(of image: LoadedImage.PlatformImage?) -> String {
        if let type = image?.manifest.config.mediaType, !type.isImageConfig {
            return "this is no container image but \(type); an artifact needs 'artifact: true'"
        }
        let only = image?.platform.map { "for \($0) " } ?? ""
        return "this is one image \(only)and no index, so it runs on one platform only"
    }
}

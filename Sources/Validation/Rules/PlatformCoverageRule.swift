// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI

/// Checks that each required platform has an image, and that several platforms have an index.
struct PlatformCoverageRule: Rule {
    /// Runs at every level.
    let level = ValidationLevel.index

    /// Returns findings for missing platforms, platforms with two images, and single images without
    /// an index.
    func findings(about image: LoadedImage, required: ImageRequirements) -> [Finding] {
        let platforms = required.effectivePlatforms
        var findings: [Finding] = []
        let present = image.images.compactMap(\.platform)
        if case .image = image.graph.root.manifest, platforms.count > 1 {
            findings.append(
                Finding(.notAnIndex, .error, Self.description(of: image.images.first)))
        }
        for case (let candidate, let problem?) in image.images.map({ ($0, $0.configProblem) })
        where candidate.declared == nil {
            findings.append(
                Finding(
                    .configMismatch, .error,
                    "config of \(candidate.descriptor.digest.short) cannot be read: \(problem)"))
        }
        for platform in platforms {
            switch present.count(where: { platform.matches($0) }) {
            case 0:
                let available =
                    present.isEmpty ? "none" : present.map(\.description).joined(separator: ", ")
                findings.append(
                    Finding(
                        .platformMissing, .error, platform: platform,
                        "missing \(platform) (available: \(available))"))
            case 1: break
            case let count:
                findings.append(
                    Finding(
                        .platformTwice, .warning, platform: platform,
                        "\(platform): \(count) images in the index; runtimes use the first"))
            }
        }
        return findings
    }

    private static func description(of image: LoadedImage.PlatformImage?) -> String {
        if let type = image?.manifest.config.mediaType, !type.isImageConfig {
            return "not a container image but \(type); set 'artifact: true' for artifacts"
        }
        let platform = image?.platform.map { " (\($0))" } ?? ""
        return "single-platform image\(platform) instead of an index"
    }
}

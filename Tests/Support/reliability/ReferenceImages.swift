// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

/// The images of the reference mirror.
///
/// Two indexes share a layer and lie in two repositories, so that a blob is mounted; one has an attestation and a
/// signature, the other Docker's media types. A third repository has two tags, one of which replaces an older image at
/// the target.
struct ReferenceImages: Sendable {
    /// A part of the images.
    enum Part: Sendable {
        case all
        case shared
        case tags
    }

    /// An image with its repository at the source and its tag.
    struct Published: Sendable {
        let repository: String
        let tag: String
        let image: BuiltImage
    }

    /// The images that the configuration selects.
    let published: [Published]
    /// The signatures, which have no tags, by their repository.
    let signatures: [String: BuiltImage]
    /// The images that the target has under the same tags before the run.
    let replaced: [Published]

    /// The repositories at the source, in the order of the configuration.
    var repositories: [String] {
        published.map(\.repository).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Creates the images of a generation; images of different generations share no layer.
    init(generation: Int, _ part: Part = .all) {
        let (oci, docker) = (ImageBuilder(.oci), ImageBuilder(.docker))
        let base = Layer.gzip([
            .folder("usr"), .folder("usr/share"),
            .file("usr/share/data", Self.bytes(48 << 10, seed: generation), mode: 0o644),
        ])
        var published: [Published] = []
        if part != .tags {
            let app = Self.index(oci, "app \(generation)", base, isAttested: true)
            published.append(Published(repository: "app", tag: "1.0.0", image: app))
            signatures = [
                "app": oci.artifact(
                    "application/vnd.example.signature", "signature \(generation)",
                    about: app.root.descriptor)
            ]
            published.append(
                Published(
                    repository: "worker", tag: "1.2.0",
                    image: Self.index(docker, "worker \(generation)", base)))
        } else {
            signatures = [:]
        }
        guard part != .shared else {
            (self.published, replaced) = (published, [])
            return
        }
        for tag in ["1.1.0", "1.2.0"] {
            let image = Self.index(oci, "tool \(tag) \(generation)")
            published.append(Published(repository: "tool", tag: tag, image: image))
        }
        self.published = published
        replaced = [
            Published(
                repository: "tool", tag: "1.2.0", image: Self.index(oci, "older tool \(generation)")
            )
        ]
    }

    /// Builds an index for both platforms, whose programs differ.
    private static func index(
        _ builder: ImageBuilder, _ name: String, _ base: Layer? = nil, isAttested: Bool = false
    ) -> BuiltImage {
        let programs: [(Platform, ELFFile)] = [(.linuxAMD64, .amd64), (.linuxARM64, .arm64)]
        let images = programs.map { platform, program in
            let layer = Layer.gzip([
                .folder("usr"), .folder("usr/bin"),
                .file(
                    "usr/bin/app",
                    program.bytes + Array(name.utf8) + bytes(6000, seed: name.utf8.count)),
            ])
            return builder.image(
                platform, layers: [base, layer].compactMap(\.self),
                settings: .init(entrypoint: ["/usr/bin/app"], labels: ["name": name]))
        }
        return builder.index(
            images.map { .image($0) } + (isAttested ? [.attestation(of: images[0])] : []))
    }

    private static func bytes(_ count: Int, seed: Int) -> [UInt8] {
        var numbers = SeededGenerator(seed: UInt64(seed))
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
    }
}

extension SeededGenerator {
    /// Creates a generator whose numbers follow from a seed and a text.
    init(seed: UInt64, _ text: String) {
        // FNV-1a.
        self.init(
            seed: text.utf8.reduce(seed ^ 0xCBF2_9CE4_8422_2325) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01B3
            })
    }
}

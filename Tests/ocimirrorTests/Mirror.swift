// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

/// A `mirror.yaml` for tests.
struct Mirror {
    /// The target's prefix.
    var prefix: String
    /// Lines of `registries`, such as `host: {…}`.
    var registries: [String: String] = [:]
    /// Entries of `images`, in flow style or as short references.
    var images: [String]
    /// Additional lines at the top level.
    var further: [String] = []

    init(
        from sources: [String], to prefix: String, plain hosts: [String] = [],
        registries: [String: String] = [:], further: [String] = []
    ) {
        self.prefix = prefix
        self.images = sources
        self.registries = registries
        for host in hosts { self.registries[host] = "{plainHTTP: true}" }
        self.further = further
    }

    var text: String {
        var lines =
            ["version: 1", "validation: config"] + further + ["targets:", "  - prefix: \(prefix)"]
        if !prefix.hasPrefix("oci:") { lines.append("    lock: images.lock.yaml") }
        if !registries.isEmpty { lines.append("registries:") }
        lines += registries.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
        lines.append("images:")
        lines += images.map { "  - \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Skopeo {
    /// Copies an image with all its platforms and unchanged digests.
    func copy(_ source: String, to destination: String, _ options: String...) async throws {
        let result = try await run(
            ["copy", "--quiet", "--all", "--preserve-digests"] + options + [source, destination])
        try #require(result.status == 0, "\(result.stderr)")
    }

    /// Publishes an image in a real registry without TLS, unchanged.
    static func publish(_ image: BuiltImage, at name: String, of registry: DockerRegistry)
        async throws
    {
        let shelf = LoopbackRegistry()
        shelf.publish(image, repository: "image", tag: "now")
        try await Skopeo().copy(
            "docker://\(shelf.host)/image:now", to: "docker://\(registry.host)/\(name)",
            "--src-tls-verify=false", "--dest-tls-verify=false")
    }

    /// Reads an image into a layout and compares every manifest, config and layer with
    /// the original.
    func expect(
        _ image: BuiltImage, at name: String, _ options: String...,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        let readback = try TemporaryFolder()
        let raw = try await run(["inspect", "--raw"] + options.map(Self.inspecting) + [name])
        #expect(
            Array(raw.stdout.utf8) == image.root.bytes, "\(raw.stderr)", sourceLocation: location)
        let copied = try await run(
            ["copy", "--quiet", "--all", "--preserve-digests"] + options
                + [name, "oci:\(readback.path):back"])
        #expect(copied.status == 0, "\(copied.stderr)", sourceLocation: location)
        for manifest in image.manifests {
            #expect(
                readback.read("blobs/sha256/\(manifest.descriptor.digest.hex)") == manifest.bytes,
                sourceLocation: location)
        }
        for (digest, bytes) in image.blobs {
            #expect(readback.read("blobs/sha256/\(digest.hex)") == bytes, sourceLocation: location)
        }
    }

    /// The options of `copy` without `--src` and `--dest` prefixes.
    private static func inspecting(_ option: String) -> String {
        option.replacing("--src-", with: "--")
    }
}

extension ImageBuilder {
    /// An index with only one platform.
    func amd64Only(seed: UInt64 = 70) -> BuiltImage {
        multiPlatform([.linuxAMD64], seed: seed)
    }

    /// An index for both platforms with a shared base layer and a top layer that follows from a
    /// number.
    func layered(top: UInt64) -> BuiltImage {
        let base = Layer.random(size: 3000, seed: 300)
        return index(
            [Platform.linuxAMD64, .linuxARM64].enumerated().map { number, platform in
                let program = Layer.random(size: 2000, seed: top * 10 + UInt64(number))
                return .image(image(platform, layers: [base, program]))
            })
    }

    /// An index whose arm64 entry is an amd64 image.
    func liar(seed: UInt64 = 80) -> BuiltImage {
        let honest = image(.linuxAMD64, layers: [.tar([.file("/bin/app", "honest \(seed)")])])
        let lie = image(.linuxAMD64, layers: [.tar([.file("/bin/app", "a lie \(seed)")])])
        return index([.image(honest), .image(lie, as: .linuxARM64)])
    }
}

extension Sequence<RecordedRequest> {
    /// The requests as `METHOD path`, sorted.
    var asked: [String] { map { "\($0.method) \($0.path)" }.sorted() }
}

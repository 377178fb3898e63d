// SPDX-License-Identifier: Apache-2.0

import AsyncPrimitives
import Content
import LayerScanning
import OCI
import RegistryTestSupport
import Testing
import Validation

/// An image with the expected findings about its content.
struct ContentSample: Sendable, CustomTestStringConvertible {
    let name: String
    var layers: [[TarEntry]]
    var entrypoint: [String] = []
    var command: [String] = []
    var environment = ["PATH=/usr/local/bin:/usr/bin:/bin"]
    var workingDirectory = "/"
    var user = ""
    var volumes: [String] = []
    var platform = Platform.linuxARM64
    var requires: [String] = []
    var history: [String] = []
    var expected: [String] = []

    var testDescription: String { name }

    static let program: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? "./"
        return bundle[...(bundle.lastIndex(of: "/") ?? bundle.startIndex)] + "ocimirror"
    }()

    /// The findings as `severity id`, without the platform.
    func findings() async throws -> [String] {
        try await report().findings.map { "\($0.severity.rawValue) \($0.id.rawValue)" }
    }

    func report() async throws -> ValidationReport {
        let image = try await examined()
        return Validator().validate(image, required: required)
    }

    var required: ImageRequirements {
        ImageRequirements(platforms: [platform], level: .content, paths: requires)
    }

    /// Returns the image with all layers, or only the top ones, scanned.
    func examined(known: Int = .max) async throws -> LoadedImage {
        var settings = ImageBuilder.Settings(
            entrypoint: entrypoint, command: command, environment: environment)
        settings.workingDirectory = workingDirectory
        settings.user = user
        settings.volumes = volumes
        settings.history = history
        let image = ImageBuilder().image(
            platform, layers: layers.map(Layer.gzip), settings: settings)
        return try await Self.examine(
            ImageBuilder().index([.image(image)]), required, known: known)
    }

    /// Loads and scans an image as the pipeline does, and runs every rule.
    static func report(
        on image: BuiltImage, _ required: ImageRequirements
    ) async throws -> ValidationReport {
        Validator().validate(try await examine(image, required), required: required)
    }

    private static func examine(
        _ image: BuiltImage, _ required: ImageRequirements, known: Int = .max
    ) async throws -> LoadedImage {
        let store = try await ImageSample.store(image)
        let graph = try await ManifestGraph.read(from: image.root, in: store)
        var examined = try await LoadedImage(graph, in: store, required: required)
        let scanner = LayerScanner(program: program, concurrency: 2)
        for layer in examined.layersToScan(for: required).prefix(known) {
            let result = try await scanner.scan(layer) { tap in
                let stream = try await store.fetch(blob: layer.descriptor)
                for try await _ in tap.observe(stream) {}
            }
            examined.record(try #require(result), of: layer)
        }
        return examined
    }
}

/// Files of many samples.
enum Sample {
    static let glibc = "/lib/ld-linux-aarch64.so.1"
    static let musl = "/lib/ld-musl-aarch64.so.1"

    static func file(_ path: String, _ file: ELFFile = .arm64) -> TarEntry {
        .file(path, file.bytes)
    }

    /// A small distribution with a usr-merged layout.
    static func base(_ machine: ELFFile = .arm64, loader: String = glibc) -> [TarEntry] {
        [
            .folder("usr/bin"), .folder("usr/lib"), .symbolicLink("bin", to: "usr/bin"),
            .symbolicLink("lib", to: "usr/lib"),
            file("usr/bin/dash", machine.library.loaded(by: loader)),
            .symbolicLink("usr/bin/sh", to: "dash"),
            file("usr/bin/env", machine.library.loaded(by: loader)),
            file("usr" + loader, machine.library),
            file("usr/lib/libc.so.6", machine.library),
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0

import Content
import LayerScanning
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite struct ContentValidationTests {
    private static let entry = "{source: src.example/team/app:1.0, validation: content}"
    private static let both: [Platform] = [.linuxAMD64, .linuxARM64]

    /// An index with one image per platform: a binary of the given CPU architecture on a shared
    /// base.
    private static func image(
        _ amd64: ELFFile = .amd64, _ arm64: ELFFile = .arm64, base: String = "base"
    ) -> BuiltImage {
        let shared = Layer.gzip([.file("etc/base", base, mode: 0o644)])
        let builder = ImageBuilder()
        return builder.index(
            zip(both, [amd64, arm64]).map { platform, program in
                .image(
                    builder.image(
                        platform,
                        layers: [shared, .gzip([.file("usr/bin/app", program.bytes)])],
                        settings: .init(entrypoint: ["app"])))
            })
    }

    /// The blobs that were read at the source since the last time.
    private static func reads(in world: World) -> [Digest] {
        world.takeJournal().compactMap { event in
            guard case .read(let digest) = event.operation,
                event.location.description.hasPrefix("src.example")
            else { return nil }
            return digest
        }
    }

    @Test func `a valid image is mirrored and validated without extra reads from the source`()
        async throws
    {
        let world = World()
        let image = Self.image()
        try await world.publish(image, at: "src.example/team/app:1.0")
        var mirror = try Mirror([Self.entry], in: world)
        let run = try await mirror.sync()
        #expect(run.isDone)
        #expect(run.findings.isEmpty)
        #expect(try mirror.entry("team-app").validation == .content)
        let read = Self.reads(in: world)
        #expect(read.count == image.blobs.count)
        #expect(Set(read) == Set(image.blobs.keys))
        // Validated content is not scanned again.
        let again = try await mirror.sync()
        #expect(again.statuses == [.unchanged])
        #expect(Self.reads(in: world).isEmpty)
    }

    @Test func `an image with a binary of the wrong architecture gets neither manifest nor tag`()
        async throws
    {
        let world = World()
        let image = Self.image(.amd64, .amd64)
        try await world.publish(image, at: "src.example/team/app:1.0")
        var mirror = try Mirror([Self.entry], in: world)
        let run = try await mirror.sync()
        #expect(run.statuses == [.rejected])
        let receipt = try #require(run.report.outcomes[0].targets[0].receipt)
        #expect(receipt.blobsUploaded > 0 && receipt.manifestsPushed == 0)
        #expect(run.findings.map(\.id) == [.contentMismatch])
        #expect(run.findings.first?.platform == .linuxARM64)
        #expect(try await mirror.digest("mirror.example/m/team-app:1.0") == nil)
        let target = try world.store("mirror.example/m/team-app").memory
        for manifest in image.manifests {
            #expect(try await target.resolve(.digest(manifest.descriptor.digest)) == nil)
        }
        #expect(try mirror.lock().images.isEmpty)
    }

    @Test func `content that the target has is read from the target`() async throws {
        let world = World()
        let image = Self.image()
        try await world.publish(image, at: "src.example/team/app:1.0")
        var mirror = try Mirror(
            ["{source: src.example/team/app:1.0, validation: config}"], in: world)
        try await mirror.sync()
        _ = world.takeJournal()
        try mirror.configure([Self.entry])
        let run = try await mirror.sync()
        #expect(run.statuses == [.validated])
        #expect(try mirror.entry("team-app").validation == .content)
        #expect(Self.reads(in: world).isEmpty)
    }

    @Test func `content that one target's lock file covers is not scanned for another target`()
        async throws
    {
        let world = World()
        try await world.publish(Self.image(), at: "src.example/team/app:1.0")
        var mirror = try Mirror([Self.entry], in: world)
        #expect(try await mirror.sync().isDone)
        try mirror.configure([Self.entry], to: ["mirror.example/m", "second.example/m"])
        // Scanning a layer again would give no new information.
        mirror.scanner = LayerScanner(program: "/bin/false", concurrency: 1)
        let run = try await mirror.sync()
        #expect(run.statuses == [.mirrored])
        #expect(run.findings.isEmpty)
        #expect(try mirror.entry("team-app", at: 1).validation == .content)
    }

    @Test func `a layer whose scan was aborted is notChecked, and scanned by the next run`()
        async throws
    {
        let world = World()
        try await world.publish(Self.image(), at: "src.example/team/app:1.0")
        var mirror = try Mirror([Self.entry], in: world)
        mirror.scanner = LayerScanner(program: "/bin/false", concurrency: 1)
        let run = try await mirror.sync()
        #expect(run.statuses == [.mirrored])
        #expect(Set(run.findings.map(\.id)) == [.notChecked])
        #expect(try mirror.entry("team-app").validation == .config)
        mirror.scanner = Mirror.scanner
        #expect(try await mirror.sync().statuses == [.validated])
        #expect(try mirror.entry("team-app").validation == .content)
    }

    /// An index whose arm64 image has a layer of an unknown type.
    private static let unscannable: BuiltImage = {
        let builder = ImageBuilder()
        let programs = [ELFFile.amd64, .arm64].map {
            Layer.gzip([.file("usr/bin/app", $0.bytes)])
        }
        let settings = ImageBuilder.Settings(entrypoint: ["app"])
        return builder.index([
            .image(builder.image(.linuxAMD64, layers: [programs[0]], settings: settings)),
            .image(
                builder.image(
                    .linuxARM64, layers: [programs[1], .raw([1, 2, 3], typeSuffix: "+lz4")],
                    settings: settings)),
        ])
    }()

    @Test func `a platform whose content cannot be checked is recorded, and not checked again`()
        async throws
    {
        let world = World()
        try await world.publish(Self.unscannable, at: "src.example/team/app:1.0")
        var mirror = try Mirror([Self.entry], in: world)
        let first = try await mirror.sync()
        #expect(first.statuses == [.mirrored])
        #expect(first.report.outcomes[0].validation == .config)
        #expect(first.report.outcomes[0].notChecked == [.linuxARM64])
        #expect(try mirror.entry("team-app").validation == .config)
        #expect(try mirror.entry("team-app").notChecked == [.linuxARM64])
        _ = world.takeJournal()

        let again = try await mirror.sync()
        #expect(again.statuses == [.unchanged])
        #expect(world.takeJournal().allSatisfy { !$0.operation.isFetch })
        #expect(again.findings.map(\.id) == [.notChecked])
        #expect(again.findings.map(\.platform) == [.linuxARM64])
        #expect(again.report.outcomes[0].notChecked == [.linuxARM64])
    }

    @Test func `another target's lock entry says as well what could not be checked`() async throws {
        let world = World()
        try await world.publish(Self.unscannable, at: "src.example/team/app:1.0")
        var mirror = try Mirror([Self.entry], in: world)
        try await mirror.sync()
        try mirror.configure([Self.entry], to: ["mirror.example/m", "second.example/m"])
        #expect(try await mirror.sync().statuses == [.mirrored])
        #expect(try mirror.entry("team-app", at: 1).validation == .config)
        #expect(try mirror.entry("team-app", at: 1).notChecked == [.linuxARM64])
    }

    @Test func `a required path is looked for even where the content was not checked before`()
        async throws
    {
        let world = World()
        try await world.publish(Self.unscannable, at: "src.example/team/app:1.0")
        var mirror = try Mirror([Self.entry], in: world)
        try await mirror.sync()
        try mirror.configure([
            "{source: src.example/team/app:1.0, validation: content, requires: [nc]}"
        ])
        let run = try await mirror.sync()
        #expect(run.statuses == [.rejected])
        #expect(run.findings.contains { $0.id == .pathMissing && $0.platform == .linuxAMD64 })
    }

    @Test func `a layer that two images share is scanned once`() async throws {
        let world = World()
        let first = Self.image()
        let second = Self.image(.amd64, ELFFile.arm64.library)
        try await world.publish(first, at: "src.example/team/app:1.0")
        try await world.publish(second, at: "src.example/team/tool:1.0")
        var mirror = try Mirror(
            [Self.entry, "{source: src.example/team/tool:1.0, validation: content}"], in: world)
        let run = try await mirror.sync()
        #expect(run.isDone)
        let layers = first.blobs.filter { $0.value.starts(with: [0x1F, 0x8B]) }
        let shared = Set(layers.keys).intersection(second.blobs.keys)
        #expect(!shared.isEmpty)
        let read = Self.reads(in: world)
        for digest in shared { #expect(read.count { $0 == digest } == 1) }
    }

    @Test
    func `an image that declares a shared layer incorrectly does not affect a correct image`()
        async throws
    {
        let world = World()
        let right = Self.image()
        let bytes = try #require(
            right.blobs.values.filter { $0.starts(with: [0x1F, 0x8B]) }.min { $0.count < $1.count })
        let wrong = ImageBuilder().index(
            Self.both.map { platform in
                .image(ImageBuilder().image(platform, layers: [.raw(bytes)]))
            })
        try await world.publish(right, at: "src.example/team/app:1.0")
        try await world.publish(wrong, at: "src.example/team/wrong:1.0")
        var mirror = try Mirror(
            [Self.entry, "{source: src.example/team/wrong:1.0, validation: content}"], in: world)
        let run = try await mirror.sync()
        #expect(run.statuses == [.mirrored, .rejected])
        #expect(Set(run.findings.map(\.id)) == [.layerBroken])
    }

    @Test func `required paths are checked at every level and recorded in the lock file`()
        async throws
    {
        let world = World()
        try await world.publish(Self.image(), at: "src.example/team/app:1.0")
        var mirror = try Mirror(
            ["{source: src.example/team/app:1.0, validation: index, requires: [app, /etc/base]}"],
            in: world)
        #expect(try await mirror.sync().isDone)
        #expect(try mirror.entry("team-app").requires == ["/etc/base", "app"])
        // The requirements exceed the recorded validation.
        try mirror.configure([
            "{source: src.example/team/app:1.0, validation: index, requires: [app, nc]}"
        ])
        let run = try await mirror.sync()
        #expect(run.statuses == [.rejected])
        #expect(run.findings.map(\.id) == [.pathMissing, .pathMissing])
        #expect(try mirror.entry("team-app").requires == ["/etc/base", "app"])
    }

    @Test func `a broken layer is rejected without stopping other images`() async throws {
        let world = World()
        let broken = ImageBuilder().index(
            Self.both.map { platform in
                .image(
                    ImageBuilder().image(
                        platform,
                        layers: [
                            .raw(gzip: Array("\(platform)".utf8), diffID: Layer.tar([]).diffID)
                        ],
                        settings: .init(entrypoint: ["/app"])))
            })
        try await world.publish(broken, at: "src.example/team/broken:1.0")
        try await world.publish(Self.image(), at: "src.example/team/app:1.0")
        var mirror = try Mirror(
            ["{source: src.example/team/broken:1.0, validation: content}", Self.entry], in: world)
        let run = try await mirror.sync()
        #expect(run.statuses.map(\.rawValue).sorted() == ["mirrored", "rejected"])
        #expect(Set(run.findings.map(\.id)) == [.layerBroken])
    }
}

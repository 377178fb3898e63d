// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite(.timeLimit(.minutes(10))) struct PlatformTests {
    private static let builder = ImageBuilder()
    private static let amd64 = ImageSample.amd64
    private static let arm64 = ImageSample.arm64
    private static let arm64v8 = ImageBuilder().image(
        Platform(os: "linux", architecture: "arm64", variant: "v8"), layers: [ImageSample.layer])

    /// The structure of an image, and the expected findings.
    struct Shape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let image: BuiltImage
        let findings: [String]
    }

    static let shapes: [Shape] = [
        Shape(
            testDescription: "an index of both platforms",
            image: builder.index([.image(amd64), .image(arm64)]),
            findings: []),
        Shape(
            testDescription: "Docker's list of both platforms",
            image: ImageBuilder(.docker, spelling: .odd).multiPlatform(), findings: []),
        Shape(
            testDescription: "arm64/v8 is arm64",
            image: builder.index([.image(amd64), .image(arm64v8)]), findings: []),
        Shape(
            testDescription: "an index states arm64/v8 for an arm64 image",
            image: builder.index([
                .image(amd64),
                .image(arm64, as: Platform(os: "linux", architecture: "arm64", variant: "v8")),
            ]), findings: []),
        Shape(
            testDescription: "a variant that is another CPU architecture",
            image: builder.index([
                .image(amd64),
                .image(arm64, as: Platform(os: "linux", architecture: "arm64", variant: "v9")),
            ]), findings: ["error platform-missing linux/arm64"]),
        Shape(
            testDescription: "attestation manifests are not images",
            image: builder.index([
                .image(amd64), .attestation(of: amd64), .image(arm64), .attestation(of: arm64),
            ]), findings: []),
        Shape(
            testDescription: "an index of attestation manifests only",
            image: builder.index([.attestation(of: amd64)]),
            findings: [
                "error platform-missing linux/amd64", "error platform-missing linux/arm64",
            ]),
        Shape(
            testDescription: "an empty index", image: builder.index([]),
            findings: [
                "error platform-missing linux/amd64", "error platform-missing linux/arm64",
            ]),
        Shape(
            testDescription: "one platform missing", image: builder.index([.image(amd64)]),
            findings: ["error platform-missing linux/arm64"]),
        Shape(
            testDescription: "one image without an index", image: amd64,
            findings: ["error not-an-index", "error platform-missing linux/arm64"]),
        Shape(
            testDescription: "two images of one platform",
            image: builder.index([
                .image(amd64), .image(builder.image(.linuxAMD64, layers: [])), .image(arm64),
            ]), findings: ["warning platform-twice linux/amd64"]),
        Shape(
            testDescription: "the same image of one platform listed twice",
            image: builder.index([.image(amd64), .image(amd64), .image(arm64)]), findings: []),
        Shape(
            testDescription: "an index for each platform",
            image: builder.index([
                .unlabelled(builder.index([.image(amd64)])),
                .unlabelled(builder.index([.image(arm64)])),
            ]), findings: []),
        Shape(
            testDescription: "the outer index names the platforms of the inner ones",
            image: builder.index([
                .image(builder.index([.unlabelled(amd64)]), as: .linuxAMD64),
                .image(builder.index([.unlabelled(arm64)]), as: .linuxARM64),
            ]), findings: []),
        Shape(
            testDescription: "the outer index contradicts the inner one",
            image: builder.index([
                .image(builder.index([.unlabelled(amd64)]), as: .linuxARM64), .image(amd64),
            ]), findings: ["error config-mismatch linux/arm64"]),
        Shape(
            testDescription: "no entry states its platform",
            image: builder.index([.unlabelled(amd64), .unlabelled(arm64)]), findings: []),
        Shape(
            testDescription: "the index states a wrong platform",
            image: builder.index([.image(amd64), .image(amd64, as: .linuxARM64)]),
            findings: ["error config-mismatch linux/arm64"]),
        Shape(
            testDescription: "the index states a wrong platform that is not required",
            image: builder.index([
                .image(amd64), .image(arm64),
                .image(amd64, as: Platform(os: "linux", architecture: "s390x")),
            ]), findings: []),
    ]

    @Test(arguments: shapes)
    func `index and configs must agree on platforms`(_ shape: Shape) async throws {
        #expect(try await ImageSample.findings(on: shape.image) == shape.findings)
    }

    @Test func `at the level index, configs are neither read nor compared`()
        async throws
    {
        let lie = Self.builder.index([.image(Self.amd64), .image(Self.amd64, as: .linuxARM64)])
        #expect(try await ImageSample.findings(on: lie, .index) == [])
        let required = ImageRequirements(platforms: ImageSample.both, level: .index)
        #expect(try await ImageSample.report(on: lie, required).level == .index)
    }

    @Test func `the config of a single image is read at every level, for its platform`()
        async throws
    {
        #expect(
            try await ImageSample.findings(on: Self.amd64, .index, platforms: [.linuxAMD64]) == [])
        #expect(
            try await ImageSample.findings(on: Self.amd64, .index, platforms: [.linuxARM64])
                == ["error platform-missing linux/arm64"])
    }

    @Test func `a report lists each platform once, sorted, the first of duplicates`() async throws {
        let other = Self.builder.image(.linuxAMD64, layers: [])
        let index = Self.builder.index([
            .image(Self.arm64), .image(Self.amd64), .image(other), .attestation(of: Self.amd64),
        ])
        let report = try await ImageSample.report(
            on: index, ImageRequirements(platforms: ImageSample.both, level: .config))
        #expect(report.platforms.map(\.platform) == [.linuxAMD64, .linuxARM64])
        #expect(
            report.platforms.map(\.descriptor.digest) == [Self.amd64.digest, Self.arm64.digest])
        #expect(report.isAccepted)
    }

    @Test func `indexes that multiply one another are rejected before they fill the memory`()
        async throws
    {
        let variants = (0..<120).map {
            Platform(os: "linux", architecture: "arm", variant: "x\($0)")
        }
        let inner = Self.builder.index(
            (0..<120).map { .unlabelled(Self.builder.image(layers: [.raw([UInt8($0)])])) })
        let outer = Self.builder.index(variants.map { .image(inner, as: $0) })
        await #expect(throws: ContentError.self) {
            try await ImageSample.findings(on: outer, .index)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Content
import Hashing
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite struct ConfigurationTests {
    private static let only: [Platform] = [.linuxAMD64]
    private static let readable = #"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]}}"#

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"os":"linux","architecture":"amd64"}"#,
        #"{"os":"linux","os":"linux","architecture":"amd64","rootfs":{"diff_ids":[]}}"#,
        #"{"os":"linux","architecture":"am d","rootfs":{"diff_ids":[]}}"#,
        #"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["sha256:0"]}}"#,
    ])
    func `a config that cannot be read is an error of its platform`(
        _ text: String
    ) async throws {
        let image = ImageSample.image(config: Array(text.utf8))
        let index = ImageBuilder().index([.image(image, as: .linuxAMD64)])
        #expect(
            try await ImageSample.findings(on: index, platforms: Self.only)
                == ["error config-mismatch linux/amd64"])
        // Without an index, the platform is unknown.
        #expect(
            try await ImageSample.findings(on: image, platforms: Self.only)
                == ["error config-mismatch", "error platform-missing linux/amd64"])
    }

    @Test(arguments: [("", []), (#""variant":"v5","#, ["error config-mismatch linux/arm/v6"])])
    func `a config may leave out the variant of its index entry`(
        _ variant: String, _ expected: [String]
    ) async throws {
        let platform = Platform(os: "linux", architecture: "arm", variant: "v6")
        let text =
            #"{"os":"linux","architecture":"arm",\#(variant)"rootfs":{"diff_ids":[]}}"#
        let image = ImageSample.image(config: Array(text.utf8))
        let index = ImageBuilder().index([.image(image, as: platform)])
        #expect(try await ImageSample.findings(on: index, platforms: [platform]) == expected)
    }

    @Test func `a config above the size limit is not read`() async throws {
        let text = Self.readable + String(repeating: " ", count: ImageConfig.maximumSize)
        let image = ImageSample.image(config: Array(text.utf8))
        let index = ImageBuilder().index([.image(image, as: .linuxAMD64)])
        let report = try await ImageSample.report(
            on: index, ImageRequirements(platforms: Self.only, level: .config))
        #expect(report.findings.map(\.summary) == ["error config-mismatch linux/amd64"])
        #expect(report.findings[0].message.contains("larger than 4 MiB"))
    }

    @Test func `a config of the maximum size is read`() async throws {
        let text =
            Self.readable
            + String(repeating: " ", count: ImageConfig.maximumSize - Self.readable.utf8.count)
        let image = ImageSample.image(config: Array(text.utf8))
        let index = ImageBuilder().index([.image(image, as: .linuxAMD64)])
        #expect(try await ImageSample.findings(on: index, platforms: Self.only) == [])
    }

    @Test(arguments: [(0, false), (1, true), (2, false)])
    func `a config lists as many layers as the manifest`(
        _ count: Int, _ isRight: Bool
    ) async throws {
        let digests = (0..<count).map { Digest.of([UInt8($0)]) }
        let image = ImageBuilder().image(
            layers: [ImageSample.layer], settings: .init(diffIDs: digests))
        let index = ImageBuilder().index([.image(image)])
        let findings = isRight ? [] : ["error diffid-mismatch linux/amd64"]
        #expect(try await ImageSample.findings(on: index, platforms: Self.only) == findings)
        #expect(try await ImageSample.findings(on: index, .index, platforms: Self.only) == [])
    }

    @Test func `a config of another media type is notChecked`()
        async throws
    {
        let type = try MediaType(parsing: "application/vnd.cncf.helm.config.v1+json")
        let image = ImageSample.image(config: Array("{}".utf8), type: type)
        let index = ImageBuilder().index([.image(image, as: .linuxAMD64)])
        #expect(
            try await ImageSample.findings(on: index, platforms: Self.only)
                == ["warning not-checked linux/amd64"])
    }

    @Test func `a chart that is not marked as an artifact is rejected with a hint`() async throws {
        let type = try MediaType(parsing: "application/vnd.cncf.helm.config.v1+json")
        let chart = ImageSample.image(config: Array("{}".utf8), type: type)
        let report = try await ImageSample.report(
            on: chart, ImageRequirements(platforms: ImageSample.both, level: .config))
        #expect(!report.isAccepted)
        #expect(report.findings[0].message.contains("artifact: true"))
        #expect(report.findings[0].message.contains(type.name))
    }

    @Test func `no rules run for an artifact`() async throws {
        let chart = ImageSample.image(
            config: Array("{}".utf8),
            type: try MediaType(parsing: "application/vnd.cncf.helm.config.v1+json"))
        for image in [chart, ImageSample.amd64] {
            let report = try await ImageSample.report(
                on: image,
                ImageRequirements(platforms: ImageSample.both, level: .index, isArtifact: true))
            #expect(report.findings.isEmpty)
            #expect(report.isAccepted)
        }
    }

    @Test(arguments: [
        #"{"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip""#,
        #"{"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar""#,
        #"{"urls": ["https://x.example/"], "mediaType": "application/vnd.oci.image.layer.v1.tar""#,
    ])
    func `a foreign layer is a warning`(_ start: String) async throws {
        let layer = Array("layer".utf8)
        let config = Array(
            Self.readable.replacing("[]", with: "[\"\(Digest.of(layer))\"]").utf8)
        let image = ImageSample.manifest(
            config: Descriptor(mediaType: .ociConfig, digest: .of(config), size: config.count),
            layers: "[\(start), \"digest\": \"\(Digest.of(layer))\", \"size\": 5}]",
            blobs: [.of(layer): layer, .of(config): config])
        let index = ImageBuilder().index([.image(image, as: .linuxAMD64)])
        #expect(
            try await ImageSample.findings(on: index, platforms: Self.only)
                == ["warning foreign-layer linux/amd64"])
    }

    @Test func `schema 1 is rejected with a hint`() async throws {
        let text = #"{"schemaVersion": 1, "name": "x", "tag": "1", "fsLayers": [], "history": []}"#
        let root = RawManifest(describing: Array(text.utf8), as: .dockerSchema1Signed)
        do {
            _ = try await ManifestGraph.read(
                from: root, in: MemoryStore(at: .layout(directory: "/sample")))
            Issue.record("it was read")
        } catch let error as ContentError {
            #expect(error.failureClass == .invalid)
            #expect(error.hint?.contains("schema 1") == true)
        }
    }
}

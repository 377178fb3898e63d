// SPDX-License-Identifier: Apache-2.0

import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite struct ContentTests {
    @Test(arguments: ContentSample.starts)
    func `C10 C11 what is started has to be there and of the platform's machine`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.overlays)
    func `C13 what counts is what a container would see`(_ sample: ContentSample) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.witnesses)
    func `C14 C15 what cannot be judged is notChecked, and nothing is taken for what it is not`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.requirements)
    func `what the configuration requires has to be there`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test func `C12 index, configuration and contents are judged apart`() async throws {
        let layer = Layer.gzip([Sample.file("app")])
        let liar = ImageBuilder().image(
            .linuxAMD64, layers: [layer], settings: .init(entrypoint: ["/app"]))
        let report = try await ContentSample.report(
            on: ImageBuilder().index([.image(liar, as: .linuxARM64)]),
            ImageRequirements(platforms: [.linuxARM64], level: .content))
        #expect(report.findings.map(\.summary) == ["error config-mismatch linux/arm64"])
    }

    @Test func `a layer that unpacks to something else is refused`() async throws {
        let image = ImageBuilder().image(
            .linuxARM64, layers: [.gzip([Sample.file("app")])],
            settings: .init(entrypoint: ["/app"], diffIDs: [.of([1])]))
        let report = try await ContentSample.report(
            on: ImageBuilder().index([.image(image)]),
            ImageRequirements(platforms: [.linuxARM64], level: .content))
        #expect(report.findings.map(\.summary) == ["error diffid-mismatch linux/arm64"])
    }

    @Test func `a layer that cannot be unpacked is refused, and nothing else is said`()
        async throws
    {
        let image = ImageBuilder().image(
            .linuxARM64,
            layers: [.gzip([Sample.file("app")]), .raw(gzip: Array("junk".utf8), diffID: .of([]))],
            settings: .init(entrypoint: ["/missing"]))
        let report = try await ContentSample.report(
            on: ImageBuilder().index([.image(image)]),
            ImageRequirements(platforms: [.linuxARM64], level: .content))
        #expect(report.findings.map(\.summary) == ["error layer-broken linux/arm64"])
    }

    @Test func `what a layer says is shown encoded`() async throws {
        let sample = ContentSample(
            name: "", layers: [[.file("run", "#!/bin/\u{1B}[31m\u{202E}x\n")]],
            entrypoint: ["/run"])
        let messages = try await sample.report().findings.map(\.message)
        #expect(messages.count == 1)
        #expect(messages.allSatisfy { $0.allSatisfy { $0.isASCII && $0 >= " " } })
    }
}

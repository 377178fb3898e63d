// SPDX-License-Identifier: Apache-2.0

import Hashing
import LayerScanning
import OCI
import RegistryTestSupport
import Testing
import Validation

@Suite struct ContentTests {
    @Test(arguments: ContentSample.entrypoints)
    func `C10 C11 the entrypoint must exist and match the CPU architecture`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.scripts + ContentSample.conditions)
    func `commands of start scripts must exist and match the CPU architecture`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.wrappers)
    func `commands of wrappers and shells must exist and match the CPU architecture`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.rootFileSystems)
    func `C13 the root file system of the container decides`(_ sample: ContentSample) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.libraries)
    func `the libraries of a started program must exist`(_ sample: ContentSample) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.links)
    func `C13 what depends on the runtime is likely`(_ sample: ContentSample) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.interpreters)
    func `the script of an interpreter must exist`(_ sample: ContentSample) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.processSettings)
    func `the user, the group and the working directory must exist`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test func `a layer that replaces a link is named`() async throws {
        let sample = ContentSample(
            name: "", layers: [Sample.base(), [Sample.file("bin/app")]],
            entrypoint: ["/usr/bin/app"])
        let messages = try await sample.report().findings.map(\.message)
        #expect(messages.count == 1)
        #expect(messages.allSatisfy { $0.contains("replaces the link /bin") })
    }

    @Test(arguments: ContentSample.architectures)
    func `C14 C15 programs of unknown formats are notChecked`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test(arguments: ContentSample.requirements)
    func `required paths and commands must exist`(
        _ sample: ContentSample
    ) async throws {
        let findings = try await sample.findings()
        #expect(findings == sample.expected)
    }

    @Test func `C12 index, config and content are validated separately`() async throws {
        let layer = Layer.gzip([Sample.file("app")])
        let liar = ImageBuilder().image(
            .linuxAMD64, layers: [layer], settings: .init(entrypoint: ["/app"]))
        let report = try await ContentSample.report(
            on: ImageBuilder().index([.image(liar, as: .linuxARM64)]),
            ImageRequirements(platforms: [.linuxARM64], level: .content))
        #expect(report.findings.map(\.summary) == ["error config-mismatch linux/arm64"])
    }

    @Test func `a layer with another diff_id is rejected`() async throws {
        let image = ImageBuilder().image(
            .linuxARM64, layers: [.gzip([Sample.file("app")])],
            settings: .init(entrypoint: ["/app"], diffIDs: [.of([1])]))
        let report = try await ContentSample.report(
            on: ImageBuilder().index([.image(image)]),
            ImageRequirements(platforms: [.linuxARM64], level: .content))
        #expect(report.findings.map(\.summary) == ["error diffid-mismatch linux/arm64"])
    }

    @Test func `a malformed layer is rejected without other findings`()
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

    @Test func `text from a layer is escaped`() async throws {
        let sample = ContentSample(
            name: "", layers: [[.file("run", "#!/bin/\u{1B}[31m\u{202E}x\n")]],
            entrypoint: ["/run"])
        let messages = try await sample.report().findings.map(\.message)
        #expect(messages.count == 1)
        #expect(messages.allSatisfy { $0.allSatisfy { $0.isASCII && $0 >= " " } })
    }
}

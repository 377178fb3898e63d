// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing
import Validation

/// What can be said of an image while some of its layers are unknown: what no layer could change.
@Suite struct PartialContentTests {
    /// The findings where only the topmost layer was looked into, and where both were.
    private func findings(
        _ base: [TarEntry], _ top: [TarEntry], entrypoint: [String] = ["/bin/app"],
        path: String = "/bin", requires: [String] = []
    ) async throws -> (early: [Finding.ID], whole: [Finding.ID]) {
        var sample = ContentSample(name: "two layers", layers: [base, top])
        sample.entrypoint = entrypoint
        sample.environment = ["PATH=\(path)"]
        sample.requires = requires
        let early = Validator().validate(
            try await sample.examined(known: 1), required: sample.required)
        return (early.findings.map(\.id), try await sample.report().findings.map(\.id))
    }

    private static let base: [TarEntry] = [Sample.file("bin/app")]
    private static let data = TarEntry.file("etc/top", "top", mode: 0o644)

    @Test func `a program for another machine in the topmost layer is final`() async throws {
        let found = try await findings(Self.base, [Sample.file("bin/app", .amd64)])
        #expect(found.early == [.contentMismatch])
        #expect(found.whole == [.contentMismatch])
    }

    @Test func `what an unknown layer may have is not missing`() async throws {
        let found = try await findings(Self.base, [Self.data], requires: ["/bin/nc", "nc"])
        #expect(found.early.isEmpty)
        #expect(found.whole == [.pathMissing, .pathMissing])
    }

    @Test func `what the topmost layer takes away is missing, whatever is below`() async throws {
        let found = try await findings(Self.base, [.folder("bin"), .whiteout("bin/app")])
        #expect(found.early == [.entrypointMissing])
        // Below, the folder itself could be a link to where the program is.
        #expect(try await findings(Self.base, [.whiteout("bin/app")]).early.isEmpty)
    }

    /// An earlier folder of the search path may have the right program in a layer below.
    @Test func `a name is not taken from a later folder while an earlier one is open`()
        async throws
    {
        let found = try await findings(
            Self.base, [Sample.file("usr/bin/app", .amd64)], entrypoint: ["app"],
            path: "/bin:/usr/bin")
        #expect(found.early.isEmpty)
        #expect(!found.whole.contains(.contentMismatch))
    }

    @Test func `libraries above a base that is not known accuse nobody`() async throws {
        let found = try await findings(
            [Sample.file("usr/lib/libc.so.6")],
            [Sample.file("bin/app"), Sample.file("opt/cross/libc.so.6", .amd64)])
        #expect(found.early.isEmpty)
    }

    @Test(
        arguments: ContentSample.overlays + ContentSample.witnesses + ContentSample.requirements
            + ContentSample.starts)
    func `an early refusal is one that all layers confirm`(_ sample: ContentSample) async throws {
        let whole = try await sample.report().findings
        for known in sample.layers.indices {
            let early = Validator().validate(
                try await sample.examined(known: known), required: sample.required)
            for finding in early.findings where finding.severity == .error {
                #expect(whole.contains(finding), "\(known) layers known")
            }
        }
    }
}

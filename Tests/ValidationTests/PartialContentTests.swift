// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing
import Validation

/// Findings about an image with unscanned layers: only those that no layer could change.
@Suite struct PartialContentTests {
    /// Returns the findings with only the top layer scanned, and with both.
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

    @Test func `a program for another CPU architecture in the top layer is final`() async throws {
        let found = try await findings(
            Self.base, [.folder("bin"), Sample.file("bin/app", .amd64)])
        #expect(found.early == [.contentMismatch])
        #expect(found.whole == [.contentMismatch])
        // Below, the directory could be a link to one in which an upper layer has the program.
        #expect(
            try await findings(Self.base, [Sample.file("bin/app", .amd64)]).early == [])
    }

    @Test func `a file that an unscanned layer may contain is not missing`() async throws {
        let found = try await findings(Self.base, [Self.data], requires: ["/bin/nc", "nc"])
        #expect(found.early.isEmpty)
        #expect(found.whole == [.pathMissing, .pathMissing])
    }

    @Test func `a file that the top layer deletes is missing`() async throws {
        let found = try await findings(Self.base, [.folder("bin"), .whiteout("bin/app")])
        #expect(found.early == [.entrypointMissing])
        // Below, the directory itself could be a link to the program's directory.
        #expect(try await findings(Self.base, [.whiteout("bin/app")]).early.isEmpty)
    }

    /// An earlier directory of the search path may have a matching program in a lower layer.
    @Test
    func `a program is not taken from a later directory while an earlier one is undetermined`()
        async throws
    {
        let found = try await findings(
            Self.base, [Sample.file("usr/bin/app", .amd64)], entrypoint: ["app"],
            path: "/bin:/usr/bin")
        #expect(found.early.isEmpty)
        #expect(!found.whole.contains(.contentMismatch))
    }

    @Test func `libraries above an unscanned base layer cause no finding`() async throws {
        let found = try await findings(
            [Sample.file("usr/lib/libc.so.6")],
            [Sample.file("bin/app"), Sample.file("opt/cross/libc.so.6", .amd64)])
        #expect(found.early.isEmpty)
    }

    @Test(
        arguments: ContentSample.rootFileSystems + ContentSample.architectures
            + ContentSample.requirements
            + ContentSample.entrypoints)
    func `a rejection before all layers are scanned is final`(_ sample: ContentSample) async throws
    {
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

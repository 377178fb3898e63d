// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

@testable import LayerScanning
@testable import Validation

/// Images that would keep the rules busy forever, or exhaust the memory.
@Suite(.timeLimit(.minutes(10))) struct HostileContentTests {
    private static func tree(_ entries: [(String, LayerEntry)]) throws -> LayerFileTree {
        var tree = LayerFileTree()
        var trail = PathTrail()
        for (path, entry) in entries {
            _ = trail.replace(after: 0, with: Array(path.utf8))
            try tree.add(entry, at: trail)
        }
        return tree
    }

    @Test func `hard links through very many layers end at the base`() throws {
        let odd = try Self.tree([("x", .hardLink(to: LayerPath("y")))])
        let even = try Self.tree([("y", .hardLink(to: LayerPath("x")))])
        let pairs: [LayerFileTree] = (0..<1000).flatMap { _ in [even, odd] }
        #expect(RootFileSystem(layers: pairs)[LayerPath("x")] == .nothing)
        let base = try Self.tree([("x", .special)])
        #expect(RootFileSystem(layers: [base] + pairs)[LayerPath("x")] == .entry(.special))
    }

    @Test func `a lookup that exceeds the step limit is undetermined`() throws {
        let deep = String(repeating: "a/", count: 1000)
        let links = try (1...39).map { number in
            try Self.tree([
                ("l\(number)", .symbolicLink(to: Array("\(deep)../l\(number - 1)".utf8))),
                (deep + "x", .file(.data)),
            ])
        }
        let rootFileSystem = RootFileSystem(layers: links, budget: LookupBudget(steps: 10_000))
        #expect(rootFileSystem.resolve(Array("/l39".utf8)) == .undetermined)
        #expect(rootFileSystem.budget.isExhausted)
        #expect(rootFileSystem[LayerPath("l1")] == .undetermined)
        #expect(rootFileSystem.elfFiles().isEmpty)
    }

    @Test func `an image whose lookups exceed the step limit is notChecked`() async throws {
        let sample = ContentSample(
            name: "any", layers: [Sample.base(), [Sample.file("app")]], entrypoint: ["/app"])
        let image = try await sample.examined()
        let report = Validator(lookupBudget: LookupBudget(steps: 10))
            .validate(image, required: sample.required)
        #expect(report.findings.map(\.id) == [.notChecked])
    }

    @Test(arguments: [false, true])
    func `an image whose layers have too many paths is notChecked, whichever layer comes first`(
        _ isReversed: Bool
    ) async throws {
        let sample = ContentSample(
            name: "two layers", layers: [Sample.base(), [Sample.file("app")]],
            entrypoint: ["/app"])
        var image = try await sample.examined()
        let layers = image.layersToScan(for: sample.required)
        let known = layers.compactMap { layer in
            image.contents(of: layer.descriptor).map { (layer, $0) }
        }
        image = try await sample.examined(known: 0)
        for (layer, contents) in isReversed ? known.reversed() : known {
            image.record(contents, of: layer, limit: 300)
        }
        let report = Validator().validate(image, required: sample.required)
        #expect(report.findings.map(\.id) == [.notChecked, .notChecked])
        #expect(report.findings.allSatisfy { $0.message.contains("paths of all layers") })
    }

    @Test func `names and search paths above the kernel's limit find nothing`()
        async throws
    {
        var sample = ContentSample(
            name: "", layers: [Sample.base()],
            entrypoint: ["/" + String(repeating: "a/", count: 300_000) + "app"])
        #expect(try await sample.findings() == ["error entrypoint-missing"])
        sample.entrypoint = [String(repeating: "a", count: 300_000)]
        sample.environment = ["PATH=" + String(repeating: "/x:", count: 10_000)]
        #expect(try await sample.findings() == ["error entrypoint-missing"])
    }

    @Test func `nested options of env are limited`() async throws {
        let nested = String(repeating: "-S", count: 50_000) + "x"
        let sample = ContentSample(
            name: "", layers: [Sample.base()], entrypoint: ["env", nested])
        #expect(try await sample.findings().isEmpty)
        let few = ContentSample(
            name: "", layers: [Sample.base()], entrypoint: ["env", "-S-S-S nothing"])
        #expect(try await few.findings() == ["error entrypoint-missing"])
        let many = ContentSample(
            name: "", layers: [Sample.base()],
            entrypoint: ["env"] + Array(repeating: "-S", count: 100_000))
        #expect(try await many.findings().isEmpty)
    }

    @Test func `a blob with two media types is scanned for each of them`() async throws {
        let archive = [Sample.file("app")]
        let packed = ImageBuilder().image(
            .linuxARM64, layers: [.gzip(archive)], settings: .init(entrypoint: ["/app"]))
        let bytes = try #require(
            packed.blobs.values.first { $0.starts(with: [0x1F, 0x8B]) })
        let plain = ImageBuilder().image(
            .linuxAMD64, layers: [.raw(bytes)], settings: .init(entrypoint: ["/app"]))
        let report = try await ContentSample.report(
            on: ImageBuilder().index([.image(plain), .image(packed)]),
            ImageRequirements(platforms: [.linuxAMD64, .linuxARM64], level: .content))
        #expect(report.findings.map(\.summary) == ["error layer-broken linux/amd64"])
    }
}

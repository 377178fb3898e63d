// SPDX-License-Identifier: Apache-2.0

import Files
import RegistryTestSupport
import Testing

@testable import ocimirror

/// The schemas as a validator of others reads them.
@Suite(.timeLimit(.minutes(5)), .enabled(if: SchemaTool.isInstalled)) struct `check-jsonschema` {
    private func check(_ text: String) async throws -> (status: Int32, output: String) {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "mirror.yaml")
        let schema = "\(Workspace.project)/Documentation/schema/mirror.schema.json"
        let result = try await SpawnedProcess.run(
            "check-jsonschema", ["--schemafile", schema, folder("mirror.yaml")])
        return (result.status, result.output + result.errors)
    }

    private func configuration(_ image: String, target: String = "{prefix: r.io/m, lock: l}")
        -> String
    {
        "version: 1\ntargets: [\(target)]\nimages:\n  - \(image)\n"
    }

    @Test func `accepts the schemas themselves`() async throws {
        for name in ["mirror", "pins"] {
            let schema = "\(Workspace.project)/Documentation/schema/\(name).schema.json"
            let result = try await SpawnedProcess.run(
                "check-jsonschema", ["--check-metaschema", schema])
            #expect(result.status == 0, "\(result.output + result.errors)")
        }
    }

    @Test(arguments: [
        "redis:7.4.1", "{source: a/b, tags: {semver: '1'}}", "{source: 'a/b:main', floating: true}",
    ])
    func `accepts a valid entry`(image: String) async throws {
        let (status, output) = try await check(configuration(image))
        #expect(status == 0, "\(output)")
    }

    @Test(arguments: [
        ("{source: 'a/b:1', platform: x}", "'platform' was unexpected"),
        ("{source: 'a/b', tags: {semver: '1', newest: 2}}", "'newest' was unexpected"),
        ("a/b", "does not match"),
    ])
    func `names what is wrong with an entry`(image: String, message: String) async throws {
        let (status, output) = try await check(configuration(image))
        #expect(status == 1 && output.contains(message), "\(output)")
    }

    @Test func `requires a lock file of a registry target`() async throws {
        let text = configuration("redis:7.4.1", target: "{prefix: r.io/m}")
        let (status, output) = try await check(text)
        #expect(status == 1 && output.contains("'lock' is a required property"), "\(output)")
        let layout = configuration("redis:7.4.1", target: "{prefix: 'oci:mirror'}")
        #expect(try await check(layout).status == 0)
    }
}

private enum SchemaTool {
    /// A Boolean value that indicates whether `check-jsonschema` is in `PATH`.
    static let isInstalled: Bool = {
        let path = CurrentProcess.environment()["PATH"] ?? ""
        return path.split(separator: ":").contains {
            (try? FileStatus.of("\($0)/check-jsonschema")) != nil
        }
    }()
}

// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import RegistryTestSupport
import Testing

/// Untrusted text has no effect on terminals, CI logs or readers.
@Suite(.timeLimit(.minutes(10))) struct `hostile registries` {
    /// An escape sequence, workflow commands of two CI systems, a bidirectional override, a
    /// zero-width space, a C1 control, and lines that pretend to be ours.
    private static let text =
        "\u{1B}[2J\u{1B}]0;title\u{07}\r\n::error::forged\n::set-output name=x::y\n"
        + "##vso[task.setvariable variable=x]y\n\u{202E}desrever\u{200B}\u{9B}31m\n"
        + "ocimirror: error: forged\nyes: usable\u{2028}yes: usable"

    private static func expectTame(
        _ run: Run, location: SourceLocation = #_sourceLocation
    ) {
        for scalar in run.said.unicodeScalars {
            let isTame =
                scalar == "\n"
                || !(scalar.properties.generalCategory == .control)
                    && ![0x202E, 0x200B, 0x2028, 0x9B].contains(scalar.value)
            #expect(isTame, "U+\(String(scalar.value, radix: 16))", sourceLocation: location)
        }
        for line in run.said.split(separator: "\n") {
            let start = line.drop { $0 == " " }
            #expect(
                !["::", "##", "forged", "desrever", "title"].contains { start.hasPrefix($0) },
                "\(line)", sourceLocation: location)
            #expect(!line.contains("##vso"), sourceLocation: location)
            #expect(
                !line.hasPrefix("ocimirror: error: forged") && !line.hasPrefix("yes: usable"),
                sourceLocation: location)
        }
    }

    @Test(arguments: [400, 403, 404, 405, 429])
    func `cannot forge lines in an error`(status: Int) async throws {
        let registry = LoopbackRegistry()
        registry.inject(.on(.head, "*", .answer(Self.manifestHead)))
        registry.inject(
            .on(
                nil, "*",
                .answer(
                    ScriptedResponse(
                        .denied, Self.text, status: status,
                        headers: ["Retry-After": "3600", "X-Request-Id": "::error::forged"]))))
        let image = "\(registry.host)/app:1.0"
        for options in [[], ["--json"], ["--verbose"]] {
            let run = try await Workspace().run(
                arguments: ["check", "--plain-http", registry.host, image] + options)
            #expect(run.status != 0)
            #expect(run.output.contains("forged"), "what the registry said is passed on")
            Self.expectTame(run)
        }
        let workspace = try Workspace(
            Mirror(from: [image], to: "oci:./mirror", plain: [registry.host]).text)
        let sync = try await workspace.run("sync", "--verbose")
        #expect(sync.status != 0)
        Self.expectTame(sync)
    }

    @Test func `cannot forge workflow commands on a narrow terminal either`() async throws {
        let registry = LoopbackRegistry()
        let words = String(repeating: "word ::error::x ##[group]y ", count: 20)
        registry.inject(.on(.head, "*", .answer(Self.manifestHead)))
        registry.inject(.on(nil, "*", .answer(ScriptedResponse(.denied, words, status: 403))))
        var workspace = try Workspace()
        for columns in 40..<60 {
            workspace.environment = ["COLUMNS": "\(columns)"]
            let run = try await workspace.run(
                "check", "--plain-http", registry.host, "\(registry.host)/app:1.0")
            #expect(run.output.contains("word"))
            for line in run.output.split(separator: "\n") {
                let start = line.drop { $0 == " " }
                #expect(!start.hasPrefix("::") && !line.contains("##["))
            }
        }
    }

    /// A manifest that exists, so that the next request has a response with a body.
    private static let manifestHead = ScriptedResponse(
        200,
        [
            "Content-Type": "application/vnd.oci.image.index.v1+json",
            "Docker-Content-Digest": "sha256:\(String(repeating: "a", count: 64))",
        ], body: Bytes(String(repeating: " ", count: 500)))

    @Test func `cannot forge lines by the names of manifests, tags and platforms`()
        async throws
    {
        let registry = LoopbackRegistry()
        let image = ImageBuilder().image(
            layers: [.tar([.file("/a", "a")])], annotations: ["\u{202E}": Self.text])
        let child = image.root.descriptor
        let index = RawManifest(
            describing: Array(
                """
                {"schemaVersion": 2, "manifests": [{"mediaType": "\(child.mediaType)", \
                "digest": "\(child.digest)", "size": \(child.size), "platform": \
                {"os": "linux\\u001b[2J", "architecture": "::error::x\\n::error::y"}}]}
                """.utf8), as: .ociIndex)
        registry.publish(
            BuiltImage(root: index, children: image.manifests, blobs: image.blobs),
            repository: "app", tag: "1.0")
        registry.inject(
            .on(
                .get, "/tags/list",
                .answer(
                    200, ["Content-Type": "application/json"],
                    body:
                        #"{"name":"app","tags":["1.0","\#u{1B}[2J","::error::x","a\n::error::y"]}"#)
            ))
        for arguments in [["app:1.0"], ["app:1.1"], ["app:1.1", "--json"]] {
            let run = try await Workspace().run(
                arguments: [
                    "check", "--plain-http", registry.host, "\(registry.host)/\(arguments[0])",
                ]
                    + arguments.dropFirst())
            #expect(run.status == 1, "\(run.said)")
            Self.expectTame(run)
        }
    }

    @Test func `cannot substitute other bytes`() async throws {
        let source = LoopbackRegistry()
        let target = LoopbackRegistry()
        let image = ImageBuilder().multiPlatform(seed: 1)
        source.publish(image, repository: "app", tag: "1.0")
        source.inject(.on(.get, "/blobs/*", .flipByte(at: 3)))
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
        let run = try await workspace.run("sync")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("the bytes are sha256:"))
        #expect(target.tags(of: "mirror/app").isEmpty)
        #expect(target.manifests(of: "mirror/app").isEmpty)
        source.heal()
        #expect(try await workspace.run("sync").status == 0)
        #expect(target.violations.isEmpty)
    }
}

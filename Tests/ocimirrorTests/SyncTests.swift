// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// Mirroring between real registries.
@Suite(.timeLimit(.minutes(10))) struct `sync between real registries` {
    @Test func `copies every byte to a registry with TLS and a password`() async throws {
        let images = [1, 2].map { ImageBuilder().multiPlatform(seed: $0) }
        let source = try await DockerRegistry.start()
        try await Skopeo.publish(images[0], at: "demo/one:1.0", of: source)
        try await Skopeo.publish(images[1], at: "demo/two:2.0", of: source)
        let authority = try await CertificateAuthority.make()
        let target = try await DockerRegistry.start(
            users: ["ci": "canary-7f3a"], certificate: try await authority.issue())
        var workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/demo/one:1.0", "\(source.host)/demo/two:2.0"],
                to: "\(target.host)/mirror", plain: [source.host],
                registries: [target.host: "{caFile: \(authority.certificateFile)}"]
            ).text)
        let skopeo = try Skopeo()
        try skopeo.logIn(to: target.host, user: "ci", password: "canary-7f3a")
        workspace.environment = ["REGISTRY_AUTH_FILE": skopeo.authFile]

        let first = try await workspace.run("sync", "--verbose")
        #expect(first.status == 0, "\(first.said)")
        #expect(!first.said.contains("canary-7f3a"))
        let certificates = try TemporaryFolder()
        try certificates.write(authority.certificate, to: "authority.crt")
        for (image, name) in zip(images, ["demo-one:1.0", "demo-two:2.0"]) {
            try await skopeo.expect(
                image, at: "docker://\(target.host)/mirror/\(name)",
                "--src-cert-dir=\(certificates.path)")
        }
        for (image, id) in zip(images, ["demo-one", "demo-two"]) {
            #expect(workspace.lock.contains("\n      \(id):\n"))
            #expect(workspace.lock.contains("\n        digest: \(image.digest)\n"))
            for child in image.manifests.dropLast() {
                #expect(workspace.lock.contains("\"\(child.descriptor.digest)\""))
            }
        }

        let seen = target.requests.count
        let second = try await workspace.run("sync")
        #expect(second.status == 0, "\(second.said)")
        let asked = target.requests.dropFirst(seen)
        #expect(asked.allSatisfy { $0.method == .head })
        #expect(asked.count { $0.status == 200 } == 2, "one answer for each tag")
    }

    @Test func `sends one request per tag without changes, and writes nothing`() async throws {
        let source = try await DockerRegistry.start()
        let target = try await DockerRegistry.start()
        for (seed, tag) in [(1, "1.0"), (2, "1.1"), (3, "2.0")] as [(UInt64, String)] {
            try await Skopeo.publish(
                ImageBuilder().multiPlatform(seed: seed),
                at: "app:\(tag)", of: source)
        }
        let workspace = try Workspace(
            Mirror(
                from: ["{source: \"\(source.host)/app\", tags: [\"1.0\", \"1.1\", \"2.0\"]}"],
                to: "\(target.host)/mirror", plain: [source.host, target.host]
            ).text)
        let first = try await workspace.run("sync")
        #expect(first.status == 0, "\(first.said)")
        try await workspace.shell(
            "git init -q && git add . && git -c user.name=t -c user.email=t@t commit -qm lock")
        let before = try await workspace.state(of: "mirror.yaml images.lock.yaml .")
        let (atSource, atTarget) = (source.requests.count, target.requests.count)

        let second = try await workspace.run("sync")
        #expect(second.status == 0, "\(second.said)")
        let heads = ["1.0", "1.1", "2.0"].map { "manifests/\($0)" }
        #expect(source.requests.dropFirst(atSource).asked == heads.map { "HEAD /v2/app/\($0)" })
        #expect(
            target.requests.dropFirst(atTarget).asked
                == heads.map { "HEAD /v2/mirror/app/\($0)" })
        #expect(try await workspace.state(of: "mirror.yaml images.lock.yaml .") == before)
        #expect(try await workspace.shell("git status --porcelain").isEmpty)
    }

    @Test func `pushes no tag of a rejected image, and continues`() async throws {
        let source = try await DockerRegistry.start()
        let target = try await DockerRegistry.start()
        let good = ImageBuilder().multiPlatform(seed: 5)
        try await Skopeo.publish(good, at: "good:1.0", of: source)
        try await Skopeo.publish(ImageBuilder().multiPlatform(seed: 6), at: "turns:1.0", of: source)
        try await Skopeo.publish(ImageBuilder().amd64Only(), at: "amd64-only:1.0", of: source)
        try await Skopeo.publish(ImageBuilder().liar(), at: "liar:1.0", of: source)
        let names = ["amd64-only", "liar", "good", "turns"]
        let hosts = [source.host, target.host]
        var mirror = Mirror(
            from: ["\(source.host)/turns:1.0"], to: "\(target.host)/mirror", plain: hosts)
        let workspace = try Workspace(mirror.text)
        #expect(try await workspace.run("sync").status == 0)
        let block = try #require(workspace.lock.firstRange(of: "      turns:\n"))
        let before = workspace.lock[block.lowerBound...]

        // The image becomes invalid at the source.
        try await Skopeo.publish(ImageBuilder().amd64Only(seed: 71), at: "turns:1.0", of: source)
        mirror.images = names.map { "\(source.host)/\($0):1.0" }
        try workspace.configure(mirror.text)
        let run = try await workspace.run("sync")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("1 mirrored, 3 rejected"))
        #expect(run.output.contains("platform-missing") && run.output.contains("config-mismatch"))
        #expect(workspace.lock.hasSuffix(before), "the block of what was rejected stays as it was")
        #expect(!workspace.lock.contains("liar") && !workspace.lock.contains("amd64-only"))
        try await Skopeo().expect(
            good, at: "docker://\(target.host)/mirror/good:1.0", "--src-tls-verify=false")
        let written = target.requests.filter { $0.method != .head && $0.method != .get }
        #expect(!written.contains { $0.path.contains("liar") || $0.path.contains("amd64-only") })
        #expect(written.count { $0.path.contains("/mirror/turns/manifests/") } == 3)
    }

    @Test func `copies an unusually formatted index byte for byte`() async throws {
        let source = try await DockerRegistry.start()
        let target = try await DockerRegistry.start()
        let odd = ImageBuilder(spelling: .odd).multiPlatform(seed: 7)
        try await Skopeo.publish(odd, at: "odd:1.0", of: source)
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/odd:1.0"], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        try await Skopeo().expect(
            odd, at: "docker://\(target.host)/mirror/odd:1.0", "--src-tls-verify=false")
    }
}

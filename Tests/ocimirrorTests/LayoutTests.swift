// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// OCI layouts as source and target, compared with skopeo.
@Suite(.timeLimit(.minutes(10))) struct `sync of OCI layouts` {
    @Test func `writes a layout that skopeo reads, and does not change it without changes`()
        async throws
    {
        let source = LoopbackRegistry()
        let images = [1, 2].map { ImageBuilder(spelling: .odd).multiPlatform(seed: $0) }
        source.publish(images[0], repository: "app", tag: "1.0")
        source.publish(images[1], repository: "app", tag: "2.0")
        let workspace = try Workspace(
            Mirror(
                from: ["{source: \(source.host)/app, tags: [\"1.0\", \"2.0\"]}"],
                to: "oci:./mirror", plain: [source.host]
            ).text)
        let first = try await workspace.run("sync")
        #expect(first.status == 0, "\(first.said)")
        for (image, tag) in zip(images, ["1.0", "2.0"]) {
            try await Skopeo().expect(image, at: "oci:\(workspace.folder("mirror/app")):\(tag)")
        }
        #expect(!(try await workspace.state()).contains("lock"))

        let before = try await workspace.state()
        source.forgetRequests()
        let second = try await workspace.run("sync")
        #expect(second.status == 0, "\(second.said)")
        #expect(second.output.contains("2 unchanged"))
        #expect(
            source.requests.asked == ["HEAD /v2/app/manifests/1.0", "HEAD /v2/app/manifests/2.0"])
        #expect(try await workspace.state() == before)
    }

    @Test func `reads a layout that skopeo wrote`() async throws {
        let shelf = LoopbackRegistry()
        let target = LoopbackRegistry()
        let image = ImageBuilder(spelling: .indented).multiPlatform(seed: 3)
        shelf.publish(image, repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["{source: \"oci:./made:1.0\", name: app}"], to: "\(target.host)/mirror",
                plain: [target.host]
            ).text)
        try await Skopeo().copy(
            "docker://\(shelf.host)/app:1.0", to: "oci:\(workspace.folder("made")):1.0",
            "--src-tls-verify=false")
        let before = try await workspace.state(of: "made")
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(target.tags(of: "mirror/app") == ["1.0": image.digest])
        #expect(target.violations.isEmpty)
        #expect(try await workspace.state(of: "made") == before)

        let check = try await workspace.run("check", "oci:./made:1.0")
        #expect(check.status == 0, "\(check.said)")
        let missing = try await workspace.run("check", "oci:./made:1.1")
        #expect(missing.status == 1)
        #expect(missing.output.contains("1.0"))
    }

    @Test func `exits with 2 if a layout cannot be read or written`() async throws {
        let source = LoopbackRegistry()
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        let workspace = try Workspace()
        try await workspace.shell("mkdir project cut")
        try workspace.folder.write("x", to: "project/readme")
        try workspace.folder.write(#"{"schemaVersion": 2, "mani"#, to: "cut/index.json")
        let cases = [
            ("nowhere", "no such directory"), ("project", "not an OCI image layout"),
            ("cut", "not an image index"),
        ]
        for (directory, reason) in cases {
            let image = "oci:./\(directory):1.0"
            let check = try await workspace.run("check", image)
            #expect(check.status == 2, "\(check.said)")
            #expect(check.output.contains(reason) && check.output.contains("UNKNOWN: "))
            try workspace.configure(
                Mirror(from: ["{source: \"\(image)\", name: app}"], to: "oci:./mirror").text)
            for words in [["sync"], ["plan"]] {
                let run = try await workspace.run(arguments: words)
                #expect(run.status == 2, "\(run.said)")
                #expect(run.output.contains(reason))
            }
        }
        try workspace.configure(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "oci:./mirror", plain: [source.host]
            ).text)
        for (name, text) in [
            ("oci-layout", #"{"imageLayoutVersion":"2.0.0"}"#), ("index.json", "["),
        ] {
            try await workspace.shell("mkdir -p mirror/app")
            try workspace.folder.write(text, to: "mirror/app/\(name)")
            let run = try await workspace.run("sync")
            #expect(run.status == 2, "\(run.said)")
            #expect(workspace.folder.text("mirror/app/\(name)") == text)
            try await workspace.shell("rm -r mirror")
        }
    }

    @Test func `adds images to a layout of skopeo, and keeps its content`() async throws {
        let source = LoopbackRegistry()
        let ours = ImageBuilder().multiPlatform(seed: 4)
        let theirs = ImageBuilder().multiPlatform(seed: 5)
        source.publish(ours, repository: "app", tag: "1.0")
        source.publish(theirs, repository: "app", tag: "theirs")
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "oci:./mirror", plain: [source.host]
            ).text)
        try await workspace.shell("mkdir mirror")
        try await Skopeo().copy(
            "docker://\(source.host)/app:theirs",
            to: "oci:\(workspace.folder("mirror/app")):theirs",
            "--src-tls-verify=false")
        let marker = workspace.folder.text("mirror/app/oci-layout")
        let run = try await workspace.run("sync")
        #expect(run.status == 0, "\(run.said)")
        #expect(workspace.folder.text("mirror/app/oci-layout") == marker)
        for (image, tag) in [(ours, "1.0"), (theirs, "theirs")] {
            try await Skopeo().expect(image, at: "oci:\(workspace.folder("mirror/app")):\(tag)")
        }
    }
}

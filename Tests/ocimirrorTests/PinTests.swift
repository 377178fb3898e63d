// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

/// Pinning of files, as a bot does it.
@Suite(.timeLimit(.minutes(10))) struct `pin` {
    private static let values = """
        image:
          repository: ghcr.io/acme/mirror/api   # ours
          tag: 1.4.1
        other: {image: 'ghcr.io/acme/mirror/vault:1.20.0'}

        """
    private static let api = "14c2529eb4498c5d1ffd6915d05bf58a91bdda796af59f41d480d11c099d0479"

    private static func workspace(_ files: [String: String]) async throws -> Workspace {
        let workspace = try Workspace()
        try await workspace.shell(
            "mkdir -p env/dev chart/templates && cp "
                + "'\(Workspace.project)/Tests/PinningTests/Fixtures/images.lock.yaml' .")
        for (name, text) in files { try workspace.folder.write(text, to: name) }
        return workspace
    }

    @Test func `writes the locked digests and lists the changes`() async throws {
        let workspace = try await Self.workspace(["env/dev/values.yaml": Self.values])
        try await workspace.shell("chmod 640 env/dev/values.yaml")
        let run = try await workspace.run("pin", "--update-tags", "env")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("env/dev/values.yaml:2:3"))
        #expect(run.output.contains("1 file changed"))
        let text = workspace.folder.text("env/dev/values.yaml")
        #expect(text.contains("  tag: 1.4.2@sha256:\(Self.api)\n"))
        #expect(text.contains("/api   # ours\n"))
        let mode = try await workspace.shell("stat -c %a env/dev/values.yaml")
        #expect(mode == "640\n")
        let before = try await workspace.state(of: "env")
        let again = try await workspace.run("pin", "env")
        #expect(again.output == "0 files changed, 2 up to date\n")
        #expect(try await workspace.state(of: "env") == before)
    }

    @Test func `--check and --diff write nothing`() async throws {
        let workspace = try await Self.workspace(["values.yaml": Self.values])
        let check = try await workspace.run("pin", "--check", "values.yaml")
        #expect(check.status == 1)
        let diff = try await workspace.run("pin", "--update-tags", "--diff", "values.yaml")
        #expect(diff.status == 0)
        #expect(workspace.folder.text("values.yaml") == Self.values)
        try workspace.folder.write(diff.output, to: "pins.patch")
        try await workspace.shell("patch --quiet -p1 < pins.patch")
        let after = try await workspace.run("pin", "--check", "values.yaml")
        #expect(after.status == 0, "\(after.said)")
    }

    @Test func `--explain lists every reference with the decision and its reason`() async throws {
        let workspace = try await Self.workspace([
            "chart/values.yaml": "image: {repository: ghcr.io/acme/mirror/api, tag: 1.0.0}\n",
            "chart/prod.yaml": """
            image: {tag: 1.4.2}
            run: pull ghcr.io/acme/mirror/vault:1.21.0
            logo: {image: logo}
            web: {image: "quay.io/team/web:1.0"} # ocimirror: skip
            other: {image: "quay.io/team/web:1.0"}

            """,
        ])
        let run = try await workspace.run("pin", "--explain", "chart/prod.yaml")
        #expect(run.status == 0, "\(run.said)")
        for text in [
            "chart/prod.yaml:1:14  would change", "image (tag)",
            "the lock file has 'api', found by the repository in chart/values.yaml",
            "chart/prod.yaml:2:11  not pinned", "run (mention)", "add '# ocimirror: ID'",
            "chart/prod.yaml:3:15  no image", "logo.image: a single word",
            "skipped by a directive", "no matching lock entry", "4 images in 1 file\n",
        ] {
            #expect(run.output.contains(text), "\(text)\n\(run.output)")
        }
        #expect(workspace.folder.text("chart/prod.yaml").hasPrefix("image: {tag: 1.4.2}\n"))
        let both = try await workspace.run("pin", "--explain", "--diff", "chart/prod.yaml")
        #expect(both.status == 64)
    }

    @Test func `--diff names the images that the lock file lacks`() async throws {
        let workspace = try await Self.workspace(["values.yaml": "image: quay.io/team/web:1.0\n"])
        let run = try await workspace.run("pin", "--diff", "values.yaml")
        #expect(run.output.isEmpty)
        #expect(
            run.errors.contains("values.yaml:1:8: quay.io/team/web:1.0: no matching lock entry"),
            "\(run.said)")
    }

    @Test func `the JSON document lists every site`() async throws {
        let workspace = try await Self.workspace([
            "values.yaml": Self.values + "far: {image: docker.io/example/api:1.4.1}\n",
            "pins.yaml": "version: 1\nrules:\n  - {path: other.image, shape: skip}\n",
        ])
        let run = try await workspace.run("pin", "--update-tags", "--json", ".")
        let document = try run.json
        #expect(document.keys == ["schema", "command", "exitCode", "lock", "written", "files"])
        let files = document["files"]?.elements ?? []
        let file = try #require(files.first { $0["path"] == "values.yaml" })
        #expect(
            file.keys == [
                "path", "changed", "skipped", "skippedAt", "error", "sites", "otherValues",
            ])
        let sites = file["sites"]?.elements ?? []
        #expect(sites.map { $0["status"] } == ["changed", "skipped", "unpinnable"])
        #expect(
            sites.first?.keys == [
                "line", "column", "path", "shape", "status", "id", "reason", "basis", "old", "new",
                "usedAt", "warnings",
            ])
    }

    @Test func `the source is pinned with --registry upstream`() async throws {
        let workspace = try await Self.workspace([
            "values.yaml": "image: example/api:1.4.2\n",
            "ours.yaml": "image: ghcr.io/acme/mirror/api:1\n",
        ])
        try await workspace.run("pin", "--registry", "upstream", "values.yaml").expectSuccess()
        #expect(
            workspace.folder.text("values.yaml") == "image: example/api:1.4.2@sha256:\(Self.api)\n")
        try await workspace.run("pin", "--rewrite", "values.yaml").expectSuccess()
        #expect(
            workspace.folder.text("values.yaml")
                == "image: ghcr.io/acme/mirror/api:1.4.2@sha256:\(Self.api)\n")
    }

    @Test func `a file with another version is unchanged and reported, with exit code 1`()
        async throws
    {
        let workspace = try await Self.workspace(["values.yaml": Self.values])
        let reason =
            "the file has 1.4.1, the lock file has 1.4.2: mirror 1.4.1, or run 'pin --update-tags'"
        let run = try await workspace.run("pin", "values.yaml", "--report", "pr.md")
        #expect(run.status == 1)
        #expect(run.output.contains("values.yaml:2:3   version-differs  api"), "\(run.said)")
        #expect(run.output.contains(reason), "\(run.said)")
        #expect(run.output.hasSuffix("0 files changed, 2 with a different version\n"))
        #expect(workspace.folder.text("values.yaml") == Self.values)
        let body = workspace.folder.text("pr.md")
        #expect(
            body.hasPrefix(
                "# Pin 0 images\n\n## Version differs from the lock file\n\n- `values.yaml:2:3` "))
        #expect(body.contains("`\(reason)`\n"), "\(body)")
        let check = try await workspace.run("pin", "--check", "values.yaml")
        #expect(check.status == 1)
        let diff = try await workspace.run("pin", "--diff", "values.yaml")
        #expect(diff.status == 1 && diff.output.isEmpty)
        #expect(diff.errors.contains("values.yaml:2:3: \(reason)"), "\(diff.errors)")
        let json = try await workspace.run("pin", "--json", "values.yaml").json
        #expect(json["exitCode"] == 1)
        let site = json["files"]?.elements.first?["sites"]?.elements.first
        #expect(site?["status"] == "version-differs")
        #expect(site?["id"] == "api" && site?["new"] == .null)
    }

    @Test func `an image with another version does not stop the others`() async throws {
        let workspace = try await Self.workspace([
            "values.yaml": "a: {image: 'ghcr.io/acme/mirror/api:1.4.2'}\n"
                + "b: {image: 'ghcr.io/acme/mirror/vault:1.20.0'}\n"
        ])
        let run = try await workspace.run("pin", "values.yaml")
        #expect(run.status == 1)
        #expect(
            workspace.folder.text("values.yaml")
                == "a: {image: 'ghcr.io/acme/mirror/api:1.4.2@sha256:\(Self.api)'}\n"
                + "b: {image: 'ghcr.io/acme/mirror/vault:1.20.0'}\n")
    }

    @Test func `the body of a pull request lists the changes, with encoded text`()
        async throws
    {
        let evil = "env/`@all` <b>|x.yaml"
        let workspace = try await Self.workspace([
            "env/values.yaml": Self.values, evil: "image: ghcr.io/acme/mirror/api:2.0.0\n",
        ])
        let run = try await workspace.run("pin", "--update-tags", "env", "--report", "pr.md")
        #expect(run.status == 0, "\(run.said)")
        let body = workspace.folder.text("pr.md")
        #expect(
            body.hasPrefix(
                "# Warning: downgrade of `api` from `2.0.0` to `1.4.2`; "
                    + "update of `api` from `1.4.1` to `1.4.2`, `vault` from `1.20.0` to `1.21.0`\n"
            ),
            "\(body)")
        #expect(
            body.contains(
                "| `api` | `1.4.1` – | `1.4.2` `sha256:14c2529eb449` | newer version, pinned |\n"))
        #expect(
            body.contains(
                "| `2.0.0` – | `1.4.2` `sha256:14c2529eb449` | **older version**, pinned |\n"))
        #expect(!body.contains("nothing"))
        #expect(
            body.contains(
                "\n- <code>env&#47;&#96;&#64;all&#96; &#60;b&#62;&#124;x&#46;yaml</code>\n"))
        let again = try await workspace.run("pin", "env", "--report", "pr.md")
        #expect(again.status == 0)
        #expect(workspace.folder.text("pr.md") == "# Pin 0 images\n")
    }

    @Test func `a moved version tag is in the title, with its platforms`() async throws {
        let workspace = try await Self.workspace(["env/values.yaml": Self.values])
        let older = "\(Workspace.project)/Tests/PinningTests/Fixtures/older.lock.yaml"
        let first = try await workspace.run("pin", "--lock", older, "--update-tags", "env")
        #expect(first.status == 0, "\(first.said)")
        let run = try await workspace.run(
            "pin", "env", "--report", "pr.md", "--previous-lock", older)
        #expect(run.status == 0, "\(run.said)")
        let body = workspace.folder.text("pr.md")
        #expect(body.hasPrefix("# Warning: moved version tag of `api`, `vault`\n"), "\(body)")
        #expect(body.contains("| **tag moved**, linux/amd64, linux/arm64 |"))
    }

    @Test func `an unreadable file is an error with its location, except a chart's templates`()
        async throws
    {
        let workspace = try await Self.workspace([
            "chart/Chart.yaml": "name: x\n", "chart/templates/a.yaml": "a: [\n",
            "values.yaml": "a: b\n  c: d\n",
        ])
        let chart = try await workspace.run("pin", "chart")
        #expect(chart.status == 0, "\(chart.said)")
        try workspace.folder.write(
            "a: {{ .Values.a }}\nimage: ghcr.io/acme/mirror/api:1.4.2\n",
            to: "chart/templates/_b.tpl")
        let named = try await workspace.run("pin", "chart")
        #expect(named.status == 0, "\(named.said)")
        #expect(named.output.contains("chart/templates/_b.tpl:2:8  not pinned"), "\(named.output)")
        try workspace.folder.write("a: b\nimage: {{ .Values.image }}\n", to: "chart/extra.yaml")
        let template = try await workspace.run("pin", "chart")
        #expect(template.status == 0, "\(template.said)")
        #expect(
            template.output.contains("chart/extra.yaml:2:8        skipped"), "\(template.output)")
        let run = try await workspace.run("pin", "values.yaml")
        #expect(run.status == 2)
        #expect(run.output.contains("values.yaml:2:"))
        #expect(try await workspace.run("pin", "nowhere").status == 2)
        #expect(try await workspace.run("pin", "--lock", "nowhere", ".").status == 78)
        try workspace.folder.write("version: 1\nrule: []\n", to: "pins.yaml")
        let rules = try await workspace.run("pin", ".")
        #expect(rules.status == 78)
        #expect(rules.errors.contains("pins.yaml:2:1: unknown key 'rule': did you mean 'rules'?"))
    }
}

extension Run {
    fileprivate func expectSuccess(_ location: SourceLocation = #_sourceLocation) {
        #expect(status == 0, "\(said)", sourceLocation: location)
    }
}

// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

/// A file that cannot be processed is reported, and the other files are processed.
@Suite(.timeLimit(.minutes(10))) struct `files that cannot be read or written` {
    private static let image = "image: ghcr.io/acme/mirror/api:1.4.2\n"

    /// Valid files and invalid files of every kind.
    private static func workspace() async throws -> Workspace {
        let workspace = try Workspace()
        try await workspace.shell(
            "mkdir -p env && cp "
                + "'\(Workspace.project)/Tests/PinningTests/Fixtures/images.lock.yaml' .")
        for name in ["a", "m", "z"] { try workspace.folder.write(image, to: "env/\(name).yaml") }
        try await workspace.shell(
            """
            cd env
            head -c 9000000 /dev/zero | tr '\\0' '#' > big.yaml
            mkfifo pipe.yaml
            ln -s nowhere dangling.yaml
            ln -s . loop
            printf 'image: \\377\\n' > latin.yaml
            printf 'image: a\\0b\\n' > nul.yaml
            printf 'a: b\\n  c: d\\n' > broken.yaml
            """)
        return workspace
    }

    private static let bad = ["big", "broken", "latin", "nul"].map { "env/\($0).yaml" }

    private static func rejected(_ run: Run) throws -> [String] {
        try (run.json["files"]?.elements ?? []).filter { $0["error"] != .null }
            .compactMap { file in
                guard case .string(let path)? = file["path"] else { return nil }
                return path
            }
            .sorted()
    }

    @Test func `pin processes the others and reports each error`() async throws {
        let workspace = try await Self.workspace()
        let run = try await workspace.run(
            "pin", "--json", "--report", "pr.md", "env", "nowhere.yaml", "env/pipe.yaml",
            "env/dangling.yaml")
        #expect(run.status == 2, "\(run.errors)")
        #expect(
            try Self.rejected(run)
                == (Self.bad + ["env/dangling.yaml", "env/pipe.yaml", "nowhere.yaml"]).sorted())
        for name in ["a", "m", "z"] {
            #expect(workspace.folder.text("env/\(name).yaml").contains("@sha256:"))
        }
        let body = workspace.folder.text("pr.md")
        #expect(body.contains("larger than 8388608 bytes"), "\(body)")
        let text = try await workspace.run("pin", "env")
        #expect(text.status == 2)
        #expect(text.output.contains("env/big.yaml "), "\(text.output)")
        #expect(text.output.contains("cannot read it: larger than 8388608 bytes"))
    }

    @Test func `lint and init process the others and report each error`() async throws {
        let workspace = try await Self.workspace()
        let lint = try await workspace.run("lint", "--json", "env", "nowhere.yaml")
        #expect(lint.status == 2, "\(lint.errors)")
        #expect(try Self.rejected(lint) == Self.bad + ["nowhere.yaml"])
        let findings = try lint.json["files"]?.elements.flatMap { $0["findings"]?.elements ?? [] }
        #expect(findings?.count == 3)
        let layers = try await workspace.run(
            "lint", "--format", "github", "--layers", "env/big.yaml,env/a.yaml")
        #expect(layers.status == 2)
        #expect(layers.output.contains("file=env/big.yaml,line=1,col=1,title=rejected"))
        #expect(layers.output.contains("file=env/a.yaml,line=1,col=8,title=unpinned"))
        let first = try await workspace.run(
            "init", "--json", "--from-values", "env", "nowhere.yaml")
        #expect(first.status == 2, "\(first.said)")
        #expect(try first.json["omitted"]?.elements.count == 5)
        #expect(workspace.folder.text("mirror.yaml").contains("ghcr.io/acme/mirror/api:1.4.2"))
    }

    @Test func `promote processes the others and reports each error`() async throws {
        let workspace = try await Self.workspace()
        try await workspace.shell(
            "cp -r env prod && rm env/big.yaml env/m.yaml && rm prod/latin.yaml")
        let digest = "sha256:" + String(repeating: "b", count: 64)
        for name in ["a", "z", "latin"] {
            try workspace.folder.write(
                "image: ghcr.io/acme/mirror/api:2@\(digest)\n", to: "env/\(name).yaml")
        }
        try await workspace.shell(
            "printf 'image: \\377\\n' > prod/latin.yaml; echo '[' > env/nul.yaml")
        let run = try await workspace.run("promote", "--json", "env", "prod")
        #expect(run.status == 2, "\(run.said)")
        #expect(try run.json["promoted"]?.elements.count == 2)
        let rejected = try run.json["errors"]?.elements.map { $0["path"] }
        #expect(rejected == ["prod/broken.yaml", "prod/latin.yaml", "prod/nul.yaml"])
        let skipped = try run.json["skipped"]?.elements.map { $0["path"] }
        #expect(skipped == ["prod/big.yaml", "prod/m.yaml"])
        #expect(workspace.folder.text("prod/z.yaml").contains(digest))
        #expect(try await workspace.run("promote", "nowhere", "prod").status == 78)
        #expect(try await workspace.run("promote", "nowhere.yaml", "prod/a.yaml").status == 78)
    }

    @Test func `a file that cannot be written is reported, and not listed as changed`()
        async throws
    {
        let workspace = try await Self.workspace()
        // A superuser can write to any directory.
        let mayWrite =
            try await workspace.shell(
                "mkdir locked && cp env/a.yaml locked && chmod 555 locked && id -u") == "0\n"
        let run = try await workspace.run(
            "pin", "--json", "env/a.yaml", "locked/a.yaml", "env/z.yaml")
        let files = try run.json["files"]?.elements ?? []
        #expect(files.map { $0["changed"] } == [true, .bool(mayWrite), true])
        #expect(run.status == (mayWrite ? 0 : 2), "\(run.said)")
        try await workspace.shell("chmod 755 locked")
    }

    @Test func `the notes of a chart can show a tag with a digest`() async throws {
        let workspace = try await Self.workspace()
        for (path, text) in [
            ("Chart.yaml", "name: x\n"),
            ("templates/NOTES.txt", "Version: {{ .Values.image.tag }}\n"),
            ("values.yaml", "image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}\n"),
        ] {
            try await workspace.shell("mkdir -p chart/templates")
            try workspace.folder.write(text, to: "chart/\(path)")
        }
        let run = try await workspace.run("pin", "chart/values.yaml")
        #expect(run.status == 0, "\(run.said)")
        #expect(workspace.folder.text("chart/values.yaml").contains("tag: 1.4.2@sha256:"))
    }

    @Test func `templates that are not read are reported, and no tag of the chart gets a digest`()
        async throws
    {
        let workspace = try await Self.workspace()
        try await workspace.shell(
            """
            mkdir -p chart/templates && echo 'name: x' > chart/Chart.yaml && cp env/a.yaml chart/values.yaml
            head -c 4400000 /dev/zero | tr '\\0' '#' > chart/templates/crds.yaml
            ln -s crds.yaml chart/templates/link.yaml
            mkdir -p other/charts/web && cp -r chart/templates other/charts/web && echo 'name: x' > other/Chart.yaml
            mkdir other/templates && cp other/Chart.yaml other/charts/web
            """)
        let pair = "web: {image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}}\n"
        try workspace.folder.write(pair, to: "chart/prod.yaml")
        try workspace.folder.write(pair, to: "other/values.yaml")
        for file in ["chart/prod.yaml", "other/values.yaml"] {
            let run = try await workspace.run("pin", file)
            #expect(run.status == 0, "\(run.said)")
            #expect(
                run.output.contains("not all templates of the chart were read"), "\(run.output)")
            #expect(run.output.contains("templates/link.yaml:1:1  skipped"), "\(run.output)")
            #expect(workspace.folder.text(file) == pair)
        }
        let run = try await workspace.run("pin", "chart/values.yaml")
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("chart/templates/crds.yaml:1:1  skipped"), "\(run.output)")
        #expect(workspace.folder.text("chart/values.yaml").contains("@sha256:"))
        let lint = try await workspace.run("lint", "chart/values.yaml")
        #expect(lint.status == 0, "\(lint.said)")
        #expect(lint.errors.contains("chart/templates/crds.yaml: cannot read it: larger than"))
    }

    /// Writes charts that each depend on all others, and values with a tag for the first.
    private static func writeCharts(_ count: Int, to workspace: Workspace) async throws {
        let names = (0..<count).map { "c\($0)" }
        try await workspace.shell(
            "mkdir -p \(names.map { "\($0)/templates" }.joined(separator: " "))")
        let chart =
            "name: x\ndependencies:\n"
            + names.map { "- {name: \($0), repository: file://../\($0)}\n" }.joined()
        for name in names { try workspace.folder.write(chart, to: "\(name)/Chart.yaml") }
        try workspace.folder.write(
            "image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}\n", to: "c0/values.yaml")
    }

    @Test func `charts that depend on each other are read once`() async throws {
        let workspace = try await Self.workspace()
        try await Self.writeCharts(40, to: workspace)
        try workspace.folder.write(
            "{{ define \"v\" }}{{ .Values.image.tag }}{{ end }}\n", to: "c39/templates/v.tpl")
        let run = try await workspace.run("pin", "c0/values.yaml")
        #expect(run.status == 0, "\(run.said)")
        #expect(workspace.folder.text("c0/values.yaml").contains("tag: 1.4.2@sha256:"))
        // The named template is found in the dependency.
        try workspace.folder.write(
            "version: {{ include \"v\" . }}\n", to: "c0/templates/a.yaml")
        let lint = try await workspace.run("lint", "c0/values.yaml")
        #expect(lint.output.contains("tag-at-unsafe"), "\(lint.said)")
    }

    @Test func `a template in the values of a chart that uses a tag as a label counts`()
        async throws
    {
        let workspace = try await Self.workspace()
        try await Self.writeCharts(1, to: workspace)
        try workspace.folder.write(
            "image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}\n"
                + "labels: {version: \"{{ .Values.image.tag }}\"}\n", to: "c0/values.yaml")
        let run = try await workspace.run("pin", "c0/values.yaml")
        #expect(run.status == 0, "\(run.said)")
        #expect(!workspace.folder.text("c0/values.yaml").contains("@sha256:"))
    }

    @Test func `too many dependencies are reported, and no tag of the chart gets a digest`()
        async throws
    {
        let workspace = try await Self.workspace()
        try await Self.writeCharts(202, to: workspace)
        let run = try await workspace.run("pin", "c0/values.yaml")
        #expect(run.status == 0, "\(run.said)")
        #expect(
            run.output.contains("the chart depends on more than 200 other charts"), "\(run.said)")
        #expect(!workspace.folder.text("c0/values.yaml").contains("@"))
    }

    @Test func `a dependency outside of the repository is not read`() async throws {
        let workspace = try await Self.workspace()
        try await Self.writeCharts(2, to: workspace)
        try await workspace.shell("mkdir c0/.git")
        let run = try await workspace.run("pin", "c0/values.yaml")
        #expect(run.status == 0, "\(run.said)")
        #expect(
            run.output.contains("c1/Chart.yaml:1:1   skipped       the chart is outside"),
            "\(run.said)")
        #expect(!workspace.folder.text("c0/values.yaml").contains("@"))
    }

    @Test
    func `hidden files of a directory are pinned, except those of tools, and are not in init`()
        async throws
    {
        let workspace = try await Self.workspace()
        let found = [".gitlab-ci.yml", ".github/workflows/test.yaml", ".tekton/push.yml"]
        let skipped = [".git/a.yaml", ".terraform/modules/a.yaml", ".cache/a.yml", ".env"]
        for path in found + skipped {
            try await workspace.shell("mkdir -p \"$(dirname repo/\(path))\"")
            try workspace.folder.write(Self.image, to: "repo/\(path)")
        }
        let run = try await workspace.run("pin", "--json", "repo")
        #expect(run.status == 0, "\(run.said)")
        for path in found {
            #expect(workspace.folder.text("repo/\(path)").contains("@sha256:"), "\(path)")
        }
        for path in skipped {
            #expect(workspace.folder.text("repo/\(path)") == Self.image, "\(path)")
        }
        let first = try await workspace.run("init", "--json", "--from-values", "repo")
        #expect(!first.output.contains(".gitlab-ci.yml"), "\(first.said)")
    }

    /// A chart with an overlay and templates, and a kustomization.
    private static func repository() async throws -> Workspace {
        let workspace = try await workspace()
        try await workspace.shell(
            """
            mkdir -p repo/.git repo/base repo/overlays/prod repo/clusters repo/web/templates
            ln -s repo link
            ln -s repo/web chart
            cd repo
            printf 'resources: [deployment.yaml]\\n' > base/kustomization.yaml
            printf '%s\\n' 'apiVersion: apps/v1' 'kind: Deployment' 'metadata: {name: web}' \\
              'spec: {template: {spec: {containers: [{name: a, image: controller}]}}}' \\
              > base/deployment.yaml
            printf 'resources: [../../base]\\n' > overlays/prod/kustomization.yaml
            printf '%s\\n' 'apiVersion: kustomize.toolkit.fluxcd.io/v1' 'kind: Kustomization' \\
              'metadata: {name: web}' 'spec:' '  path: overlays/prod' '  images:' \\
              '    - {name: controller, newName: ghcr.io/acme/mirror/api, newTag: 1.4.2}' \\
              > clusters/prod.yaml
            printf 'name: web\\n' > web/Chart.yaml
            printf 'image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}\\n' > web/values.yaml
            printf 'image: {repository: ghcr.io/acme/mirror/frontend}\\n' > web/values-prod.yaml
            printf 'spec:\\n  image: ghcr.io/acme/mirror/api:1.4.2\\n  other: {{ .Values.x }}\\n' \\
              > web/templates/pod.yaml
            printf 'image: example.com/unknown:1\\n' > web/templates/other.yaml
            """)
        return workspace
    }

    /// Returns the findings of a file, without its path.
    private static func findings(_ run: Run, _ file: String) throws -> [JSONValue] {
        try (run.json["files"]?.elements ?? []).filter { $0["path"] == .string(file) }
            .flatMap { $0["findings"]?.elements ?? [] }
    }

    @Test func `a file has the findings that it has in its directory`() async throws {
        let workspace = try await Self.repository()
        let all = try await workspace.run("lint", "--format", "json", "repo")
        for (file, count) in [
            ("base/deployment.yaml", 0), ("clusters/prod.yaml", 1), ("web/values.yaml", 1),
            ("web/values-prod.yaml", 1), ("web/templates/pod.yaml", 1),
            ("web/templates/other.yaml", 0),
        ] {
            let expected = try Self.findings(all, "repo/\(file)")
            #expect(expected.count == count, "\(file): \(all.said)")
            for argument in [
                "repo/\(file)", "./env/../repo/\(file)", "link/\(file)",
                "repo/../link/web/../\(file)",
            ] {
                let run = try await workspace.run("lint", "--format", "json", argument)
                #expect(
                    try Self.findings(run, "repo/\(file)") == expected, "\(argument): \(run.said)")
            }
        }
    }

    @Test(arguments: ["link", "./repo/", "env/../repo", "repo/.", "link/web/.."])
    func `a directory has one name, also through links and parents`(
        _ argument: String
    ) async throws {
        let workspace = try await Self.repository()
        let expected = try await workspace.run("lint", "repo")
        let run = try await workspace.run("lint", argument)
        #expect(run.output == expected.output)
        #expect(run.output.contains("repo/web/values.yaml:1:8"), "\(run.output)")
        #expect(run.status == expected.status)
    }

    @Test func `a directory of a chart behind a link is that of the chart`() async throws {
        let workspace = try await Self.repository()
        let expected = try await workspace.run("lint", "repo/web/templates")
        let run = try await workspace.run("lint", "chart/templates")
        #expect(run.output == expected.output)
        #expect(run.output.contains("repo/web/templates/pod.yaml:2:10"), "\(run.output)")
        #expect(!run.output.contains("unpinned"), "\(run.output)")
    }

    @Test func `an image in a template is explained by its line`() async throws {
        let workspace = try await Self.repository()
        let run = try await workspace.run("pin", "--explain", "repo/web/templates")
        #expect(run.output.contains("line 2 of the template (mention)"), "\(run.output)")
    }

    @Test func `a symbolic link in the repository is followed, and one out of it is listed`()
        async throws
    {
        let workspace = try await Self.workspace()
        try await workspace.shell(
            """
            mkdir -p repo/.git repo/charts/web repo/charts/job repo/charts/loop repo/shared
            cd repo/charts
            printf 'image: {repository: ghcr.io/acme/mirror/api}\n' > ../../outside.yaml
            cp ../../outside.yaml ../shared/values.yaml
            ln -s ../../shared/values.yaml web/values.yaml
            ln -s ../../../outside.yaml job/values.yaml
            ln -s values.yaml loop/values.yaml
            for chart in web job loop; do
              printf 'name: x\n' > $chart/Chart.yaml
              printf 'image: {tag: 1.4.2}\n' > $chart/values-prod.yaml
            done
            """)
        let run = try await workspace.run("pin", "repo")
        #expect(workspace.folder.text("repo/charts/web/values-prod.yaml").contains("@sha256:"))
        for (chart, reason) in [
            ("job", "the symbolic link leads out of the repository"),
            ("loop", "the symbolic link leads to no file"),
        ] {
            #expect(run.output.contains("repo/charts/\(chart)/values.yaml"), "\(run.output)")
            #expect(run.output.contains(reason), "\(run.output)")
            #expect(!workspace.folder.text("repo/charts/\(chart)/values-prod.yaml").contains("@"))
        }
    }

    @Test(arguments: [["--check"], ["--explain"], []])
    func `a digest that an overlay gets in the run decides about the file below`(
        _ options: [String]
    ) async throws {
        let workspace = try await Self.workspace()
        let api = "image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2, digest: ''}\n"
        let frontend = "image: {repository: ghcr.io/acme/mirror/frontend, tag: 6.6.868}\n"
        try await workspace.shell("mkdir web")
        try workspace.folder.write("name: web\n", to: "web/Chart.yaml")
        try workspace.folder.write(api, to: "web/values.yaml")
        try workspace.folder.write(frontend, to: "web/values-zone.yaml")
        // The other order of the same files.
        try workspace.folder.write(api, to: "web/zone.yaml")
        try workspace.folder.write(frontend, to: "web/zone-a.yaml")
        let run = try await workspace.run(arguments: ["pin", "--json", "web"] + options)
        let files = try run.json["files"]?.elements ?? []
        #expect(files.count { $0["changed"] == true } == 4, "\(run.output)")
        if options.isEmpty {
            let again = try await workspace.run("pin", "--check", "web")
            #expect(again.status == 0, "\(again.output)")
        }
    }
}

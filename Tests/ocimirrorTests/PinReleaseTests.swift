// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing
import TextSafety

/// Releases elsewhere in the repository, also of files that are not processed, decide about the values of
/// charts.
@Suite(.timeLimit(.minutes(10))) struct `releases around the files to pin` {
    private static let image = "image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}\n"
    private static let release = """
        apiVersion: helm.toolkit.fluxcd.io/v2
        kind: HelmRelease
        metadata: {name: web}
        spec:
          chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: x}}}
          values:
            image: {repository: ghcr.io/acme/mirror/frontend}

        """

    /// A repository with a chart and a release of it, in a directory of the workspace.
    private static func workspace(release path: String = "repo/apps/web.yaml") async throws
        -> Workspace
    {
        let workspace = try Workspace()
        try await workspace.shell(
            "mkdir -p repo/.git repo/apps repo/prod repo/common repo/charts/web repo/charts/app "
                + "repo/flux repo/z repo/umbrella && cp "
                + "'\(Workspace.project)/Tests/PinningTests/Fixtures/images.lock.yaml' .")
        try workspace.folder.write("name: web\n", to: "repo/charts/web/Chart.yaml")
        try workspace.folder.write(image, to: "repo/charts/web/values.yaml")
        try workspace.folder.write(release, to: path)
        return workspace
    }

    @Test(arguments: [
        "repo/charts/web/values.yaml", "./repo/charts/web", "repo/charts", "repo", ".",
    ])
    func `a release counts for each path with the values of its chart`(_ path: String) async throws
    {
        let workspace = try await Self.workspace()
        let reason = "'image.repository' of repo/apps/web.yaml changes the image of the release"
        for path in [path, "\(workspace.folder.path)/\(path)"] {
            let pin = try await workspace.run("pin", path)
            #expect(pin.output.contains(reason), "\(pin.said)")
            let explanation = try await workspace.run("pin", "--explain", path)
            #expect(explanation.output.contains(reason), "\(explanation.said)")
            let lint = try await workspace.run("lint", path)
            #expect(lint.output.contains(reason), "\(lint.said)")
            #expect(workspace.folder.text("repo/charts/web/values.yaml") == Self.image)
        }
    }

    @Test func `the file of a release is named from the working directory`() async throws {
        let workspace = try await Self.workspace()
        let run = try await workspace.shell(
            "cd repo/charts/web && '\(Workspace.program)' pin --lock ../../../images.lock.yaml values.yaml"
        )
        #expect(run.contains("of ../../apps/web.yaml changes the image of the release"), "\(run)")
    }

    @Test func `a patch and a base of a release are named from the working directory`()
        async throws
    {
        let patched = try await Self.workspace(release: "web.yaml")
        try patched.folder.write(
            Self.release.replacing("ghcr.io/acme/mirror/frontend", with: "ghcr.io/acme/mirror/api"),
            to: "repo/apps/web.yaml")
        try patched.folder.write(
            """
            resources: [../apps/web.yaml]
            patches:
              - patch: |
                  apiVersion: helm.toolkit.fluxcd.io/v2
                  kind: HelmRelease
                  metadata: {name: web}
                  spec: {values: {image: {repository: ghcr.io/acme/mirror/frontend}}}

            """, to: "repo/prod/kustomization.yaml")
        let first = try await patched.run("pin", "--explain", ".")
        let change = "'image.repository' of repo/prod/kustomization.yaml changes the image"
        #expect(first.output.contains(change), "\(first.said)")

        let based = try await Self.workspace(release: "web.yaml")
        try based.folder.write(
            """
            bases: [../common/base.yaml]
            releases:
              - {name: web, chart: ../charts/web, inherit: [{template: default}]}

            """, to: "repo/apps/helmfile.yaml")
        try based.folder.write(
            """
            templates:
              default: {values: [{image: {repository: ghcr.io/acme/mirror/frontend}}]}

            """, to: "repo/common/base.yaml")
        let second = try await based.run("pin", "--explain", ".")
        let base = "'image.repository' of repo/common/base.yaml changes the image"
        #expect(second.output.contains(base), "\(second.said)")
    }

    @Test func `files that the rules ignore and those of other repositories have no releases`()
        async throws
    {
        let outside = try await Self.workspace(release: "web.yaml")
        let run = try await outside.run("pin", "repo")
        #expect(
            outside.folder.text("repo/charts/web/values.yaml").contains("@sha256:"), "\(run.said)")
        let ignored = try await Self.workspace()
        try ignored.folder.write(
            "version: 1\nignore: [\"repo/apps/**\"]\nrules: []\n", to: "pins.yaml")
        let second = try await ignored.run("pin", "repo")
        #expect(
            ignored.folder.text("repo/charts/web/values.yaml").contains("@sha256:"),
            "\(second.said)")
    }

    @Test func `links in the repository are not read twice and not reported`() async throws {
        let workspace = try await Self.workspace(release: "repo/web.yaml.txt")
        try await workspace.shell(
            "ln -s ../web.yaml.txt repo/apps/a.yaml; ln -s nowhere repo/b.yaml")
        let run = try await workspace.run("pin", "repo")
        #expect(!run.output.contains("link"), "\(run.said)")
        #expect(workspace.folder.text("repo/charts/web/values.yaml").contains("@sha256:"))
    }

    /// Texts that files can have in keys, aliases and paths, as YAML writes them and as they are shown.
    private static let hostileTexts = [
        (written: #"a\e[31mb"#, shown: #"a\u{1b}[31mb"#),
        (written: #"a\e]0;b\a"#, shown: #"a\u{1b}]0;b\u{7}"#),
        (written: #"a\n::error::b"#, shown: #"a :\:error::b"#),
        (written: #"a\r\n##[error]b"#, shown: ##"a #\#[error]b"##),
        (written: #"a\u202eb"#, shown: #"a\u{202e}b"#),
        (written: #"a\L::b"#, shown: #"a\u{2028}"#),
        (written: #"a\x7fb"#, shown: #"a\u{7f}b"#),
    ]

    @Test(arguments: hostileTexts, ["path", "alias"])
    func `text of other files is encoded in all outputs`(
        _ text: (written: String, shown: String), in place: String
    ) async throws {
        let workspace = try await Self.workspace(release: "web.yaml")
        if place == "alias" {
            try workspace.folder.write(
                "name: app\ndependencies: [{name: web, alias: \"\(text.written)\", "
                    + "repository: file://../web}]\n", to: "repo/charts/app/Chart.yaml")
            try workspace.folder.write(
                "\"\(text.written)\": {image: {repository: ghcr.io/acme/mirror/frontend}}\n",
                to: "repo/charts/app/values.yaml")
        } else {
            let path = "\(text.written).yaml"
            try workspace.folder.write(
                """
                apiVersion: argoproj.io/v1alpha1
                kind: Application
                metadata: {name: web}
                spec:
                  source:
                    path: charts/web
                    helm: {valueFiles: [values-prod.yaml, "\(path)"]}

                """, to: "repo/apps/web.yaml")
            try workspace.folder.write(
                "image: {tag: 1.4.2}\n", to: "repo/charts/web/values-prod.yaml")
        }
        for options in [
            ["pin", "--explain"], ["pin", "--diff"], ["pin", "--log-format", "json", "--diff"],
            ["lint"], ["lint", "--format", "github"], ["pin", "--check"],
            ["pin", "--report", "r.md"],
        ] {
            let run = try await workspace.run(arguments: options + ["repo"])
            let said = run.said + workspace.folder.text("r.md")
            #expect(
                said.replacing(#"\\"#, with: #"\"#).contains(text.shown), "\(options): \(run.said)")
            for line in said.split(separator: "\n") {
                let isCommand = line.hasPrefix("::") && !options.contains("github")
                #expect(!isCommand && !line.contains("##["), "\(options): \(line)")
            }
            let isSafe = said.unicodeScalars.allSatisfy { $0 == "\n" || $0.isSafeToShow }
            #expect(isSafe, "\(options): \(run.said)")
        }
    }

    private static let chart = [
        "repo/charts/web/Chart.yaml": "name: web\n",
        "repo/charts/web/values.yaml":
            "image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2, digest: \"\"}\n",
    ]

    /// Files with another image, whose own digest a run of pin adds, by their names.
    private static let others = [
        "flux": [
            "repo/flux/web.yaml": """
            apiVersion: helm.toolkit.fluxcd.io/v2
            kind: HelmRelease
            metadata: {name: web}
            spec:
              chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: x}}}
              values:
                image: {repository: ghcr.io/acme/mirror/frontend, tag: 6.6.868}

            """
        ],
        "helmfile": [
            "repo/helmfile.yaml": """
            releases:
              - name: front
                chart: ./charts/web
                values: [{image: {repository: ghcr.io/acme/mirror/frontend, tag: 6.6.868}}]
              - name: mirror
                chart: ./charts/web
                values: [{image: {repository: ghcr.io/acme/mirror/vault, tag: 1.21.0}}]

            """
        ],
        "umbrella": [
            "repo/umbrella/Chart.yaml": """
            name: all
            dependencies: [{name: web, repository: "file://../charts/web"}]

            """,
            "repo/umbrella/values.yaml":
                "web: {image: {repository: ghcr.io/acme/mirror/frontend, tag: 6.6.868}}\n",
        ],
        "overlay of an umbrella": [
            "repo/umbrella/Chart.yaml": """
            name: all
            dependencies: [{name: web, repository: "file://../charts/web"}]

            """,
            "repo/umbrella/values.yaml": "web: {image: {pullPolicy: Always}}\n",
            "repo/umbrella/values-prod.yaml":
                "web: {image: {repository: ghcr.io/acme/mirror/frontend, tag: 6.6.868}}\n",
        ],
    ]

    @Test(arguments: others.keys.sorted())
    func `one run pins a chart whose digest other images have inherited`(_ name: String)
        async throws
    {
        let workspace = try await Self.workspace(release: "outside.yaml")
        let files = Self.chart.merging(Self.others[name] ?? [:]) { $1 }
        for (path, text) in files { try workspace.folder.write(text, to: path) }
        let run = try await workspace.run("pin", "repo")
        #expect(run.status == 0, "\(run.said)")
        let pinned = files.keys.map(workspace.folder.text)
        #expect(workspace.folder.text("repo/charts/web/values.yaml").contains("digest: \"sha256:"))
        let again = try await workspace.run("pin", "repo")
        #expect(again.status == 0, "\(again.said)")
        #expect(files.keys.map(workspace.folder.text) == pinned)
    }

    @Test func `a chart is pinned with its canary if both tags change`() async throws {
        let workspace = try await Self.workspace(release: "outside.yaml")
        let files = Self.chart.merging([
            "repo/charts/web/values-zone.yaml": "image: {tag: 1.4.1}\n"
        ]) { $1 }
        for (path, text) in files { try workspace.folder.write(text, to: path) }
        let run = try await workspace.run("pin", "repo")
        #expect(run.status == 1, "\(run.said)")
        #expect(run.output.contains("values-zone.yaml has another tag"), "\(run.said)")
        #expect(!workspace.folder.text("repo/charts/web/values.yaml").contains("sha256:"))
        let update = try await workspace.run("pin", "--update-tags", "repo")
        #expect(update.status == 0, "\(update.said)")
        for path in ["values.yaml", "values-zone.yaml"] {
            let text = workspace.folder.text("repo/charts/web/\(path)")
            #expect(text.contains("tag: 1.4.2, digest: \"sha256:"), "\(text)")
        }
    }
}

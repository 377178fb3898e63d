// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

@Suite(.timeLimit(.minutes(10))) struct InitTests {
    @Test func `the generated configuration is valid, and its example is planned`() async throws {
        let workspace = try Workspace()
        let run = try await workspace.run("init")
        #expect(run.status == 0)
        #expect(run.output == "mirror.yaml written, 1 image\n")
        #expect(run.errors.contains("set the prefix of the targets, then run 'ocimirror doctor'"))
        let plan = try await workspace.run("plan", "--offline")
        #expect(plan.status == 0)
        #expect(plan.errors.isEmpty)
        #expect(plan.output.contains("ghcr.io/owner/mirror/grafana:12.1.0"))
    }

    @Test func `the next step has the same configuration file, and an explicit prefix is final`()
        async throws
    {
        let run = try await Workspace().run(
            "init", "-c", "sub.yaml", "--prefix", "ghcr.io/owner/mirror")
        #expect(
            run.errors == """
                ocimirror: run 'ocimirror doctor -c sub.yaml' to test the registries, and \
                'ocimirror sync -c sub.yaml'

                """)
    }

    @Test func `the next step quotes a file name that shells would split`() async throws {
        let run = try await Workspace().run(
            "init", "-c", "my $file.yaml", "--prefix", "ghcr.io/owner/mirror")
        #expect(run.errors.contains("run 'ocimirror doctor -c \"my \\$file.yaml\"' to test"))
    }

    @Test func `every commented entry of the generated configuration is valid`() async throws {
        let workspace = try Workspace()
        _ = try await workspace.run("init")
        try await workspace.shell("sed -i -E 's/^  # (- |  )/  \\1/' mirror.yaml")
        let plan = try await workspace.run("plan", "--offline")
        #expect(plan.status == 0, "\(plan.errors)")
        #expect(plan.output.contains("4 images") || plan.output.contains("backstage-showcase"))
    }

    @Test func `an existing configuration is not overwritten`() async throws {
        let workspace = try Workspace("version: 1\n")
        let before = try await workspace.state()
        let run = try await workspace.run("init")
        #expect(run.status == 2)
        #expect(
            run.errors == """
                ocimirror: error: mirror.yaml already exists
                ocimirror: hint: choose another file with --config

                """)
        #expect(try await workspace.state() == before)
    }

    @Test func `a dangling symbolic link is not replaced`() async throws {
        let workspace = try Workspace()
        try await workspace.shell("ln -s /nowhere/mirror.yaml mirror.yaml")
        let run = try await workspace.run("init")
        #expect(run.status == 2)
        #expect(run.errors.hasPrefix("ocimirror: error: mirror.yaml already exists\n"))
        #expect(
            try await workspace.shell("ls -A; readlink mirror.yaml")
                == "mirror.yaml\n/nowhere/mirror.yaml\n")
    }

    @Test func `the images of values files are collected with their locations`()
        async throws
    {
        let workspace = try await Self.withValues()
        let run = try await workspace.run(
            "init", "--prefix", "registry.example.com/mirror", "--from-values", "charts", "dev.yaml"
        )
        #expect(run.status == 0)
        #expect(run.output == "mirror.yaml written, 6 images from 2 files\n")
        #expect(run.errors.contains("ocimirror: run 'ocimirror doctor' to test the registries"))
        #expect(
            workspace.folder.text("mirror.yaml").contains(
                """
                images:
                  - grafana/grafana:12.1.0  # charts/values.yaml:3 and 1 more
                  - source: minio/mc:latest  # charts/values.yaml:6
                    floating: true  # prefer a version tag if one exists
                  - source: quay.io/team/app:1.0  # dev.yaml:3
                    name: quay.io/team/app
                  - redis:7.2.5@sha256:\(Self.digits)  # dev.yaml:5
                  - redis:7.4.1  # dev.yaml:4
                  - source: team/app:2.0  # dev.yaml:2
                    name: docker.io/team/app

                """))
        #expect(
            run.errors == """
                ocimirror: warning: charts/values.yaml:8:10: template text
                ocimirror: warning: dev.yaml:6:12: registry.example.com/mirror/web:1 is \
                already mirrored
                ocimirror: warning: dev.yaml:7:12: docker.io/grafana/loki has neither tag nor digest; \
                the chart can have a default
                ocimirror: run 'ocimirror doctor' to test the registries, and 'ocimirror sync'

                """)
        let plan = try await workspace.run("plan", "--offline")
        #expect(plan.status == 0, "\(plan.errors)")
        #expect(plan.output.contains("6 images"))
    }

    @Test func `tests and examples are omitted, and absent subcharts are named`() async throws {
        let workspace = try Workspace()
        let image = "image: {repository: quay.io/team/web, tag: "
        try await workspace.shell("mkdir -p chart/ci chart/charts/db chart/examples envs/ci")
        for (path, text) in [
            "chart/Chart.yaml": """
            name: web
            appVersion: 2.0.1
            dependencies:
              - {name: db, version: 1.x.x}
              - {name: cache, version: 3.0.0, repository: "https://charts.example.com"}

            """,
            "chart/charts/db/Chart.yaml": "name: db\n",
            "chart/charts/db/values.yaml": "image: {repository: quay.io/team/db, tag: 1.0}\n",
            "chart/values.yaml": """
            image: {repository: quay.io/team/web, tag: ""}
            worker: {image: {repository: quay.io/team/worker, tag: 0.0.0}}

            """,
            "chart/prod.yaml": "worker: {image: {tag: 1.5.0}}\n",
            "chart/ci/test-values.yaml": "\(image)9.0.1}\n",
            "chart/examples/a.yaml": "\(image)9.0.2}\n",
            "envs/ci/values.yaml": "\(image)3.0.0}\n",
            "digest.yaml":
                "parameters: [{name: web.image.digest, value: 'sha256:\(Self.digits)'}]\n",
        ] { try workspace.folder.write(text, to: path) }
        let run = try await workspace.run("init", "--from-values", ".")
        #expect(run.status == 0, "\(run.said)")
        let text = workspace.folder.text("mirror.yaml")
        #expect(
            text.contains(
                """
                images:
                  - quay.io/team/db:1.0  # chart/charts/db/values.yaml:1
                  - quay.io/team/web:2.0.1  # chart/values.yaml:1, the tag is the chart's appVersion
                  - quay.io/team/web:3.0.0  # envs/ci/values.yaml:1
                  # - quay.io/team/worker:0.0.0  # placeholder: set the version that you deploy \
                (chart/values.yaml:2)
                  - quay.io/team/worker:1.5.0  # chart/prod.yaml:1

                """), "\(text)")
        for warning in [
            "chart/ci:1:1: tests and examples are omitted", "chart/examples:1:1: tests",
            "chart/Chart.yaml:5:5: the subchart 'cache' 3.0.0 is not unpacked",
            "digest.yaml:1:46: the repository is defined elsewhere",
        ] {
            #expect(run.errors.contains(warning), "\(warning)\n\(run.errors)")
        }
        #expect(!run.errors.contains("'db'"))
        let plan = try await workspace.run("plan", "--offline")
        #expect(plan.status == 0, "\(plan.errors)")
    }

    @Test func `files without images result in an error`() async throws {
        let workspace = try Workspace()
        try workspace.folder.write("replicas: 3\n", to: "values.yaml")
        let run = try await workspace.run("init", "--from-values", "values.yaml")
        #expect(run.status == 1)
        #expect(run.errors.contains("no images found in 1 file"))
        #expect(workspace.folder.text("mirror.yaml").isEmpty)
    }

    @Test func `the result is available as JSON`() async throws {
        let run = try await Self.withValues().run("init", "--json", "--from-values", "dev.yaml")
        let json = try run.json
        #expect(json["images"] == .integer(6))
        guard case .array(let omitted)? = json["omitted"] else {
            Issue.record("nothing omitted")
            return
        }
        #expect(omitted.map { $0["location"] } == [.string("dev.yaml:7:12")])
    }

    @Test(
        arguments: [
            (["init", "--prefix", "Owner/mirror"], 64, "--prefix"),
            (["init", "values.yaml"], 64, "values.yaml"),
            (["init", "--from-values", "nowhere"], 2, "nowhere"),
            (["init", "--config", "no/such/folder/mirror.yaml"], 2, "no/such/folder"),
        ] as [([String], Int32, String)])
    func `an error names its cause`(words: [String], code: Int32, named: String) async throws {
        let workspace = try Workspace()
        let run = try await workspace.run(arguments: words)
        #expect(run.status == code)
        #expect(run.errors.contains(named))
        #expect(workspace.folder.text("mirror.yaml").isEmpty)
    }

    private static let digits = String(repeating: "0a", count: 32)

    private static func withValues() async throws -> Workspace {
        let workspace = try Workspace()
        try await workspace.shell("mkdir charts")
        try workspace.folder.write(
            """
            grafana:
              image:
                repository: grafana/grafana
                tag: 12.1.0
            backup:
              image: minio/mc:latest
            app:
              image: "{{ .Values.image }}"

            """, to: "charts/values.yaml")
        try workspace.folder.write(
            """
            a: {image: "grafana/grafana:12.1.0"}
            b: {image: "team/app:2.0"}
            c: {image: "quay.io/team/app:1.0"}
            d: {image: "redis:7.4.1"}
            e: {image: "redis:7.2.5@sha256:\(digits)", again: {image: "redis:7.2.5"}}
            f: {image: "registry.example.com/mirror/web:1"}
            g: {image: {repository: grafana/loki}}

            """, to: "dev.yaml")
        return workspace
    }
}

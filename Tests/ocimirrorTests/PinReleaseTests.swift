// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

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
            "mkdir -p repo/.git repo/apps repo/charts/web && cp "
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
}

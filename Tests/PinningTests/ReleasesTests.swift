// SPDX-License-Identifier: Apache-2.0

import Pinning
import Testing

/// The limits of the search for releases in a repository.
@Suite struct ReleasesTests {
    private static let pair = "image: {repository: ghcr.io/acme/mirror/api, tag: 1.4.2}"
    private static let values = """
        \(pair)
        job: {image: ghcr.io/acme/mirror/api:1.4.2}

        """

    private static func pinned(
        _ files: [String: String], isComplete: Bool = true, from directory: String = "",
        path: String = "charts/web/values.yaml", values: String = values
    ) throws -> PinnedFile {
        let repository = RepositoryFiles(
            [path], from: directory,
            list: { RepositoryListing(files.keys.sorted(), isComplete: isComplete) },
            read: { files[$0].map { Array($0.utf8) } })
        return Pinner(try Fixture.lock("images.lock.yaml")).pin(
            Array(values.utf8), path: path, context: FileContext(files: repository))
    }

    @Test func `a tag is not pinned if not all files of the repository were listed`() throws {
        let files = ["charts/web/Chart.yaml": "name: web\n"]
        let all = try Self.pinned(files)
        #expect(all.sites.map(\.status) == [.changed, .changed])
        let file = try Self.pinned(files, isComplete: false)
        // The name and the tag of a whole reference change together.
        #expect(file.sites.map(\.status) == [.unpinnable, .changed])
        #expect(
            file.sites.first?.reason?.hasPrefix("the repository has too many files") ?? false)
    }

    @Test func `releases that cannot change an image do not count`() throws {
        let releases = (0..<2_000).map { number in
            """
            - name: web\(number)
              chart: ./charts/web
              set: [{name: replicas, value: \(number)}]
              values: [{resources: {limits: {cpu: \(number)}}}]

            """
        }
        let values = (0..<60).map { "web\($0): {\(Self.pair)}\n" }.joined()
        let file = try Self.pinned(
            [
                "charts/web/Chart.yaml": "name: web\n",
                "helmfile.yaml": "releases:\n" + releases.joined(),
            ], values: values)
        #expect(file.sites.allSatisfy { $0.status == .changed })
    }

    @Test func `a release is found from the directory of the chart, and named from it`() throws {
        let release = """
            releases:
              - name: web
                chart: ./charts/web
                values: [{image: {repository: ghcr.io/acme/mirror/frontend}}]

            """
        let file = try Self.pinned(
            ["Chart.yaml": "name: web\n", "../../helmfile.yaml": release],
            from: "/repo/charts/web", path: "values.yaml")
        #expect(
            file.sites.first?.reason?
                .hasPrefix("'image.repository' of ../../helmfile.yaml changes the image") ?? false)
    }

    private static func application(_ number: Int, _ paths: String) -> String {
        """
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {name: web\(number)}
        spec: {source: {path: charts/web, helm: {valueFiles: [\(paths)]}}}

        """
    }

    @Test func `many applications of one chart are compared with all its images`() throws {
        var files = ["charts/web/Chart.yaml": "name: web\n"]
        for number in 0..<2_600 {
            files["apps/\(number).yaml"] = Self.application(
                number, "values.yaml, ../../sites/\(number).yaml")
            files["sites/\(number).yaml"] = "web1: {image: {pullPolicy: Always}, port: \(number)}\n"
        }
        let values = (0..<20).map { "web\($0): {\(Self.pair)}\n" }.joined()
        let file = try Self.pinned(files, values: values)
        #expect(file.sites.allSatisfy { $0.status == .changed })
        files["sites/2599.yaml"] = "web1: {image: {repository: ghcr.io/acme/mirror/frontend}}\n"
        let other = try Self.pinned(files, values: values)
        #expect(other.sites.count { $0.status == .changed } == 19)
    }

    @Test func `images are listed if a path can be that of too many files`() throws {
        let set = """
            apiVersion: argoproj.io/v1alpha1
            kind: ApplicationSet
            spec:
              generators: [{clusters: {}}]
              template:
                spec:
                  source: {path: charts/web, helm: {valueFiles: ['../../sites/{{name}}.yaml']}}

            """
        var files = ["charts/web/Chart.yaml": "name: web\n", "set.yaml": set]
        for number in 0..<256 { files["sites/s\(number).yaml"] = "replicas: 1\n" }
        #expect(try Self.pinned(files).sites.map(\.status) == [.changed, .changed])
        files["sites/web.yaml"] = "image: {repository: ghcr.io/acme/mirror/frontend}\n"
        let file = try Self.pinned(files)
        #expect(file.sites.first?.status == .unpinnable)
        #expect(
            file.sites.first?.reason?.hasPrefix(
                "../../sites/{{ name }}.yaml can be too many files to compare") ?? false)
    }

    @Test func `images are listed if an ApplicationSet has too many applications`() throws {
        let elements = (0..<300).map { "{site: s\($0)}" }.joined(separator: ", ")
        let set = """
            apiVersion: argoproj.io/v1alpha1
            kind: ApplicationSet
            spec:
              generators: [{list: {elements: [\(elements)]}}]
              template:
                spec:
                  source:
                    path: charts/web
                    helm: {ignoreMissingValueFiles: true, valueFiles: ['../../sites/{{site}}.yaml']}

            """
        let files = [
            "charts/web/Chart.yaml": "name: web\n", "set.yaml": set,
            "sites/s299.yaml": "image: {repository: ghcr.io/acme/mirror/frontend}\n",
        ]
        let reason = try Self.pinned(files).sites.first?.reason
        #expect(reason?.hasPrefix("an ApplicationSet has too many applications") ?? false)
    }

    /// A release, and a number of patches of it, of which the last one changes its image.
    private static func patched(_ count: Int) throws -> PinnedFile {
        let release = """
            apiVersion: helm.toolkit.fluxcd.io/v2
            kind: HelmRelease
            metadata: {name: web}
            spec: {values: {\(pair)}}

            """
        let patch =
            "  - {target: {kind: HelmRelease, name: web}, patch: '[{op: add, path: /spec/values/"
        let patches = (1..<count).map { "\(patch)replicas, value: \($0)}]'}\n" }.joined()
        let last = "\(patch)image/repository, value: ghcr.io/acme/mirror/frontend}]'}\n"
        return try pinned(
            [
                "web.yaml": release,
                "kustomization.yaml": "resources: [web.yaml]\npatches:\n\(patches)\(last)",
            ], path: "web.yaml", values: release)
    }

    @Test func `images are listed if a kustomization has too many patches`() throws {
        let known = try Self.patched(200).sites.first?.reason
        #expect(known?.hasPrefix("'image.repository' of kustomization.yaml") ?? false)
        let unknown = try Self.patched(201).sites.first?.reason
        #expect(unknown?.hasPrefix("kustomization.yaml has too many patches") ?? false)
    }
}

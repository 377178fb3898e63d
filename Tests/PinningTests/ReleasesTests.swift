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
}

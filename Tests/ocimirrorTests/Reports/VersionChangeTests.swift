// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import Mirroring
import OCI
import Pinning
import RegistryTestSupport
import Testing

@testable import ocimirror

/// Version changes in pull requests.
@Suite struct VersionChangeTests {
    @Test(arguments: [
        ("1.4.1", "1.4.2", VersionChange.Direction.newer), ("1.4.2", "1.4.1", .older),
        ("1.9", "1.10", .newer), ("v1.10.0", "1.9.0", .older), ("1.2", "v1.2", .other),
        ("16", "17.1", .newer), ("1.2.3-alpine", "1.10.0-alpine", .newer),
        ("1.2.3", "1.2.3-alpine", .other), ("1.2.3", "1.2.4-alpine", .newer),
        ("1.3.0", "1.3.0-rc1", .older), ("1.3.0-rc2", "1.3.0-rc10", .newer),
        ("1.3.0-alpine", "1.3.0-debian", .other), ("1.0", "1.0.0", .other),
        ("RELEASE.2026-01-31T10-00-00Z", "RELEASE.2025-12-31T10-00-00Z", .older),
        ("0.46.0-kafka-3.9.0", "0.47.0-kafka-3.9.0", .newer), ("1.2.3.4", "1.2.3.10", .newer),
        ("latest", "1.4.2", .other), ("1.4.2", "main", .other), ("c0ffee1", "5ec0de2", .other),
        (
            "99999999999999999999999999999999999999", "100000000000000000000000000000000000000",
            .newer
        ),
        ("007", "8", .newer),
    ])
    func `tags with comparable versions are ordered`(
        _ old: String, _ new: String, _ direction: VersionChange.Direction
    ) throws {
        let change = try #require(
            VersionChange(from: try Tag(parsing: old), to: try Tag(parsing: new)))
        #expect(change.direction == direction)
        let back = try #require(VersionChange(from: change.new, to: change.old))
        let opposite: VersionChange.Direction =
            switch direction {
            case .newer: .older
            case .older: .newer
            case .other: .other
            }
        #expect(back.direction == opposite)
    }

    private static func lock() throws -> Lockfile {
        try Lockfile(
            parsing: try BoundedFile.read(
                "\(Workspace.project)/Tests/PinningTests/Fixtures/images.lock.yaml", limit: 1 << 20)
        )
    }

    /// Returns the body for files that are pinned with the versions of the lock file.
    private static func body(_ values: String, rewritesReferences: Bool = false) throws -> [String]
    {
        let lock = try lock()
        let file = Pinner(lock, rewritesReferences: rewritesReferences, updatesTags: true)
            .pin(Array(values.utf8), path: "values.yaml")
        return PullRequestBody(from: nil, to: lock, files: [file]).text.split(separator: "\n")
            .map(String.init)
    }

    private static let old = "sha256:" + String(repeating: "a", count: 64)

    @Test(arguments: [
        ("R/api:1.4.1", "Update of `api` from `1.4.1` to `1.4.2`", "newer version, pinned"),
        ("R/api:1.4.1@D", "Update of `api` from `1.4.1` to `1.4.2`", "newer version, digest"),
        ("R/api:1.4.2", "Pin 1 image", "pinned"),
        ("R/api:1.4.2@D", "Warning: moved version tag of `api`", "**tag moved**, digest"),
        ("R/api@D", "Pin 1 image", "no version, digest"),
        ("R/api", "Pin 1 image", "pinned"),
        (
            "R/api:2.0.0", "Warning: downgrade of `api` from `2.0.0` to `1.4.2`",
            "**older version**, pinned"
        ),
        (
            "R/alloy:1.11.3", "Update of `alloy` from `1.11.3` to `v1.11.3`",
            "**other version**, pinned"
        ),
        ("R/tempo:latest", "Pin 1 image", "pinned"),
        ("R/tempo@D", "Pin 1 image", "no version, digest"),
        (
            "R/tempo:2.8.0", "Update of `tempo` from `2.8.0` to no tag",
            "**version removed**, pinned"
        ),
    ])
    func `the row and the title describe the change of the file`(
        _ image: String, _ title: String, _ movement: String
    ) throws {
        let image = image.replacing("R/", with: "ghcr.io/acme/mirror/")
            .replacing("@D", with: "@\(Self.old)")
        let lines = try Self.body("image: \(image)\n")
        #expect(lines.first == "# \(title)")
        #expect(lines[3].hasSuffix(" | \(movement) |"), "\(lines)")
    }

    @Test func `a change of the repository lists both repositories`() throws {
        let lines = try Self.body("image: example/api:1.4.2\n", rewritesReferences: true)
        #expect(lines.first == "# Pin 1 image")
        #expect(
            lines[3]
                == "| `api` | `docker.io/example/api` `1.4.2` – | `ghcr.io/acme/mirror/api` `1.4.2` "
                + "`sha256:14c2529eb449` | repository, pinned |")
    }

    @Test func `each change is one row, regardless of the number of files`() throws {
        let lines = try Self.body(
            "a: {image: 'ghcr.io/acme/mirror/api:1.4.1'}\nb: {image: 'ghcr.io/acme/mirror/api:1.4.1'}\n"
                + "c: {image: 'ghcr.io/acme/mirror/api:1.4.0'}\n")
        #expect(lines.count { $0.hasPrefix("| `api` ") } == 2)
    }

    @Test func `many version changes are counted in the title, and each has a row`() throws {
        let lock = try Self.lock()
        let values = lock.images.values.compactMap { image in
            image.tag.map {
                "a\($0)\(image.digest.hex): {image: '\(image.repository):0.0.\($0)'}\n"
            }
        }
        let lines = try Self.body(values.joined())
        let title = try #require(lines.first)
        #expect(title.utf8.count < 200)
        #expect(title.contains(" updates") || title.contains(" downgrades"), "\(title)")
        #expect(lines.count { $0.hasPrefix("| `") } > 20)
    }
}

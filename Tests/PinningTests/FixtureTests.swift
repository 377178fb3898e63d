// SPDX-License-Identifier: Apache-2.0

import Files
import Lockfiles
import Pinning
import Testing

/// Tests each shape of image references in charts and manifests, before and after pinning.
@Suite struct FixtureTests {
    @Test(arguments: try Fixture.all())
    func `a fixture is pinned as expected`(_ fixture: Fixture) throws {
        let pinned = try fixture.pinned(with: "images.lock.yaml")
        let after = try pinned.newBytes ?? fixture.before
        #expect(String(decoding: after, as: UTF8.self) == (try fixture.text("after.yaml")))
        #expect(fixture.report(pinned) == (try fixture.text("report.txt")))
    }

    @Test(arguments: try Fixture.all())
    func `a second run changes nothing`(_ fixture: Fixture) throws {
        let pinned = try fixture.pinned(with: "images.lock.yaml")
        let again = try fixture.pinned(
            with: "images.lock.yaml", pinned.newBytes ?? (try fixture.before))
        #expect(again.newBytes == nil)
        #expect(again.sites.allSatisfy { $0.status != .changed })
    }

    @Test(arguments: try Fixture.all())
    func `the old lock file restores the old bytes`(_ fixture: Fixture) throws {
        let older = try fixture.pinned(with: "older.lock.yaml")
        let first = try older.newBytes ?? fixture.before
        let newer = try fixture.pinned(with: "images.lock.yaml", first)
        guard let second = newer.newBytes else { return }
        #expect(try fixture.pinned(with: "older.lock.yaml", second).newBytes == first)
    }

    @Test func `every shape has a fixture`() throws {
        let numbers = try Fixture.all().compactMap { Int($0.name.prefix(2)) }
        #expect(Set(1...31).isSubset(of: Set(numbers)))
    }
}

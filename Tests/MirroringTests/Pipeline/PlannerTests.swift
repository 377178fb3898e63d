// SPDX-License-Identifier: Apache-2.0

import Content
import Mirroring
import OCI
import RegistryTestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct PlannerTests {
    private static let image = ImageBuilder().multiPlatform()

    /// Returns a mirror whose sources have these tags.
    private func mirror(_ entries: [String], tags: [String: [String]]) async throws -> Mirror {
        let mirror = try Mirror(entries)
        for (source, tags) in tags {
            for tag in tags { try await mirror.world.publish(Self.image, at: "\(source):\(tag)") }
        }
        return mirror
    }

    @Test func `a pattern selects tags of the listing, greatest version first`() async throws {
        let mirror = try await mirror(
            ["{source: a.example/app, tags: {semver: '>=1.2 <2', latest: 2}}"],
            tags: ["a.example/app": ["1.1.0", "1.2.0", "1.4.0", "1.3.0", "2.0.0", "x"]])
        let plan = try await mirror.plan()
        #expect(plan.images.map(\.id) == ["app-1-4-0", "app-1-3-0"])
        #expect(plan.images.map(\.sourceText) == ["a.example/app:1.4.0", "a.example/app:1.3.0"])
        #expect(plan.problems.isEmpty)
        #expect(mirror.world.takeJournal().map(\.operation) == [.tags])
    }

    @Test(arguments: [
        ("", ["app-v1"]), (", floating: true", ["app-v1", "app-nightly", "app-latest"]),
    ])
    func `a floating tag is selected only if the entry declares it floating`(
        _ floating: String, _ ids: [String]
    ) async throws {
        let mirror = try await mirror(
            ["{source: a.example/app, tags: {regex: '[a-z].*'}\(floating)}"],
            tags: ["a.example/app": ["v1", "latest", "nightly", "1.0"]])
        #expect(try await mirror.plan().images.map(\.id) == ids)
    }

    @Test(arguments: [["1.0"], ["latest"], []])
    func `a pattern that selects nothing is a failure of its entry only`(
        _ tags: [String]
    ) async throws {
        let mirror = try await mirror(
            ["{source: a.example/app, tags: {semver: '>=9'}}", "b.example/tool:1.0"],
            tags: ["a.example/app": tags])
        let plan = try await mirror.plan()
        #expect(plan.images.map(\.id) == ["tool"])
        #expect(plan.problems.map(\.entry.name) == ["app"])
        #expect(plan.problems.map(\.failure.failureClass) == [.missing])
        #expect(
            plan.problems[0].failure.message
                == "none of the \(tags.count) tags of a.example/app matches 'tags:'")
    }

    @Test func `a failed listing is a failure of every entry that needs it`() async throws {
        let mirror = try await mirror(
            [
                "{source: a.example/app, tags: {semver: '>=1'}}",
                "{source: a.example/app, tags: {regex: 'x.*'}, name: x}", "b.example/tool:1.0",
            ], tags: [:])
        mirror.world.intercept { _, _ in throw ContentError(.throttled, "later") }
        let plan = try await mirror.plan()
        #expect(plan.problems.map(\.entry.name) == ["app", "x"])
        #expect(plan.problems.allSatisfy { $0.failure.failureClass == .throttled })
        #expect(plan.problems.allSatisfy { $0.failure.role == .source })
        #expect(plan.images.map(\.id) == ["tool"])
        // Both entries share one listing.
        #expect(mirror.world.takeJournal().count == 1)
    }

    @Test func `a pattern never selects the tag or ID of another image`() async throws {
        let mirror = try await mirror(
            [
                "{source: a.example/app, tags: {regex: '1.*'}}", "b.example/app:1.0",
                "{source: c.example/tool, tags: {regex: '.*'}}",
            ], tags: ["a.example/app": ["1.0", "1.1"], "c.example/tool": ["2.0", "2-0"]])
        let plan = try await mirror.plan()
        #expect(
            plan.images.map(\.sourceText) == [
                "a.example/app:1.1", "b.example/app:1.0", "c.example/tool:2.0",
            ])
        #expect(
            plan.problems.map(\.failure.message) == [
                "duplicate target app:1.0: lines 8 and 7",
                "duplicate lock id 'tool-2-0': both on line 9",
            ])
        #expect(plan.problems.allSatisfy { $0.failure.failureClass == .invalid })
    }

    @Test(
        arguments: [
            ([], ["app-1-0", "app-1-1", "redis", "team-x-2-0", "cache"]),
            (["redis"], ["redis"]), (["app"], ["app-1-0", "app-1-1"]), (["app-1-1"], ["app-1-1"]),
            (["app-*"], ["app-1-0", "app-1-1"]), (["*-1-?"], ["app-1-0", "app-1-1"]),
            (["team/x"], ["team-x-2-0"]), (["team-x-2-0"], ["team-x-2-0"]), (["cache"], ["cache"]),
            (["ca*", "redis"], ["redis", "cache"]),
            (["*"], ["app-1-0", "app-1-1", "redis", "team-x-2-0", "cache"]),
            (["nothing"], []), (["app?"], []),
        ] as [([String], [String])])
    func `images are selected by ID, name or glob`(
        _ patterns: [String], _ ids: [String]
    ) async throws {
        let mirror = try await mirror(
            [
                "{source: a.example/app, tags: {regex: '1.*'}}", "b.example/redis:7",
                "{source: c.example/x, name: team/x, tags: {regex: '2.*'}}",
                "{source: d.example/y, id: cache, tags: {regex: '3.*', latest: 1}}",
            ],
            tags: [
                "a.example/app": ["1.0", "1.1"], "c.example/x": ["2.0"], "d.example/y": ["3.0"],
            ])
        let plan = try await mirror.plan(patterns)
        #expect(Set(plan.images.map(\.id)) == Set(ids))
        #expect(plan.images.count == ids.count)
    }

    @Test func `entries that cannot produce a selected image cause no listing`() async throws {
        let mirror = try await mirror(
            [
                "{source: a.example/app, tags: {regex: '1.*'}}",
                "{source: c.example/x, tags: {regex: '2.*'}}", "b.example/redis:7",
            ], tags: ["a.example/app": ["1.0"], "c.example/x": ["2.0"]])
        for (pattern, listed) in [("redis", 0), ("app-1-0", 1), ("x*", 1), ("*", 2), ("r*", 0)] {
            _ = try await mirror.plan([pattern])
            #expect(mirror.world.takeJournal().count == listed, "\(pattern)")
        }
    }

    @Test func `selectors that match nothing are reported`() {
        let selection = IDSelection(["redis", "ap?", "x*"])
        #expect(selection.unmatched(among: [("app-1", "app"), ("y", "z")]) == ["redis", "x*"])
        #expect(IDSelection.all.contains(id: "a", name: "b"))
    }

    @Test func `a glob with many stars is matched quickly`() {
        let selection = IDSelection([String(repeating: "*a", count: 200) + "b"])
        #expect(!selection.contains(id: String(repeating: "a", count: 4000), name: ""))
    }

    @Test func `the offline plan has everything that the configuration names`() throws {
        let mirror = try Mirror([
            "{source: a.example/app, tags: {regex: '1.*'}}",
            "{source: b.example/app, tags: ['1.0', '2.0']}",
        ])
        let plan = Planner(configuration: mirror.configuration).offlinePlan()
        #expect(plan.images.map(\.id) == ["app-1-0", "app-2-0"])
        #expect(mirror.world.takeJournal().isEmpty)
    }
}

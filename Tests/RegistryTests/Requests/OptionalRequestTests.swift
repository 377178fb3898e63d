// SPDX-License-Identifier: Apache-2.0

import Content
import HTTP
import OCI
import Testing

@testable import Registry

/// Requests whose failure does not fail an image.
@Suite struct `Optional requests` {
    private static func list(_ path: String = "app") -> String {
        "GET https://reg.test/v2/\(path)/referrers/\(Sample.manifest.digest)"
    }

    private func refers(_ scene: Scene, _ path: String = "app") async throws -> [Descriptor]? {
        try await scene.repository("reg.test/\(path)").referrers(of: Sample.manifest.digest)
    }

    // Without the API, the tag is used; other failures are reported.
    @Test(arguments: [400, 404, 405, 406, 501])
    func `of a registry without the referrers API are sent once in a run`(
        status: Int
    ) async throws {
        let scene = try Scene([Exchange(Self.list(), ScriptedResponse(status))])
        for path in ["app", "other"] { #expect(try await refers(scene, path) == nil) }
        scene.wire.expectDone()
    }

    @Test(arguments: [(403, 1), (500, 2), (503, 2)])
    func `have two attempts at most, and one repository is not asked again`(
        status: Int, count: Int
    ) async throws {
        let scene = try Scene(
            (0..<count).map { _ in Exchange(Self.list(), ScriptedResponse(status)) })
        for _ in 0..<3 {
            await #expect(throws: RegistryError.self) { _ = try await refers(scene) }
        }
        #expect(scene.time.waits.count == count - 1)
        scene.wire.expectDone()
    }

    @Test func `end for a registry after three failures in a row`() async throws {
        let failing = (1...3).flatMap { number in
            (0..<2).map { _ in Exchange(Self.list("app\(number)"), ScriptedResponse(500)) }
        }
        let scene = try Scene(failing)
        for number in 1...5 {
            await #expect(throws: RegistryError.self) {
                _ = try await refers(scene, "app\(number)")
            }
        }
        scene.wire.expectDone()
    }

    @Test func `do not wait a minute for a throttled list`() async throws {
        let scene = try Scene([
            Exchange(Self.list(), ScriptedResponse(429, ["Retry-After": "60"]))
        ])
        let error = await #expect(throws: RegistryError.self) { _ = try await refers(scene) }
        #expect(error?.failureClass == .throttled)
        #expect(scene.time.waits == [])
    }

    // A Go server encodes an unset slice as null.
    @Test func `accept null as a list without entries`() async throws {
        let body = #"{"schemaVersion":2,"manifests":null}"#
        let scene = try Scene([Exchange(Self.list(), ScriptedResponse(200, [:], body))])
        #expect(try await refers(scene) == [])
        #expect(
            scene.wire.requests.map { $0.fields["accept"] } == [MediaType.ociIndex.name])
    }

    @Test func `have shorter time limits`() async throws {
        let scene = try Scene([Exchange(Self.list(), ScriptedResponse(404))])
        _ = try await refers(scene)
        let limits = try #require(scene.wire.requests.first?.timeouts)
        #expect(limits.firstByte <= .seconds(10))
        #expect((limits.total ?? .seconds(99)) <= .seconds(20))
    }
}

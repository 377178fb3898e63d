// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport

/// Copies two images between two registries; one is completed, one hangs.
struct HalfwayMirror {
    /// The last request of the hanging run.
    static let hanging = RequestPattern(.put, "/v2/mirror/slow/manifests/1.0")

    let source = LoopbackRegistry()
    let target = LoopbackRegistry()
    /// The gate that the second image waits for.
    let gate = Gate()
    var workspace: Workspace
    let streams: TemporaryFolder

    init() throws {
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        source.publish(ImageBuilder().multiPlatform(seed: 2), repository: "slow", tag: "1.0")
        workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0", "\(source.host)/slow:1.0"],
                to: "\(target.host)/mirror", plain: [source.host, target.host]
            ).text)
        streams = try TemporaryFolder()
        target.inject(.on(.put, "/v2/mirror/slow/manifests/1.0", .stall(gate)))
    }
}

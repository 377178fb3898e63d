// SPDX-License-Identifier: Apache-2.0

import Files
import OCI
import RegistryTestSupport
import Testing

/// Memory use depends on the number of transfers, not on the size of blobs.
@Suite(
    .timeLimit(.minutes(10)),
    .disabled(if: Sanitizer.isActive, "A sanitizer takes several times as much memory."))
struct `memory` {
    static let limit = 40 << 20

    @Test func `does not grow with the size of a blob`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry(.discardBlobs))
        let layers = [2 << 30, 1 << 20].map { count in
            Layer(generated: GeneratedBytes(count: count, seed: 1))
        }
        let builder = ImageBuilder()
        let image = builder.index([
            .image(builder.image(.linuxAMD64, layers: [layers[0]])),
            .image(builder.image(.linuxARM64, layers: [layers[1]])),
        ])
        source.publish(image, repository: "big", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/big:1.0"], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
        // The run is stopped before its last request, after all bytes were transferred.
        let gate = Gate()
        target.inject(.on(.put, "/manifests/1.0", .stall(gate)))
        let process = try workspace.start("sync", streams: try TemporaryFolder())
        await target.waitForRequests(RequestPattern(.put, "/manifests/1.0"))
        let peak = try Self.peak(of: process.pid)
        gate.open()
        #expect(try await onOwnThread { process.wait() } == 0)
        #expect(peak < Self.limit, "\(peak >> 20) MiB were resident at once")
        #expect(target.tags(of: "mirror/big") == ["1.0": image.digest])
    }

    /// Returns the peak resident set size of a running process in bytes.
    private static func peak(of pid: Int32) throws -> Int {
        let status = try BoundedFile.read("/proc/\(pid)/status", limit: 1 << 16)
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("VmHWM:") }
        let kibibytes = try #require(line?.split(separator: " ").compactMap { Int($0) }.first)
        return kibibytes << 10
    }
}

// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

@testable import Mirroring

/// Counters that the work turns say at every moment how far it has come.
@Suite struct `the progress of a run` {
    private func blob(_ number: Int, size: Int) throws -> Descriptor {
        let hex = String(repeating: "\(number)", count: 64)
        return Descriptor(
            mediaType: try MediaType(parsing: "application/octet-stream"),
            digest: try Digest(parsing: "sha256:\(hex)"), size: size)
    }

    @Test func `begins with nothing`() {
        #expect(RunProgress().sample == ProgressSample())
    }

    @Test func `counts what is begun, in hand, done, and not done well`() {
        let progress = RunProgress()
        progress.expect(3)
        for name in ["a", "b", "c"] { progress.begin(name) }
        progress.finish("b")
        progress.finish("a", isWell: false)
        let sample = progress.sample
        #expect(sample.total == 3)
        #expect(sample.begun == 3)
        #expect(sample.isSurveyed)
        #expect(sample.finished == 2)
        #expect(sample.troubled == 1)
        #expect(sample.inHand == ["c"])
    }

    @Test func `counts each blob once, however many images have it`() throws {
        let progress = RunProgress()
        let (one, two) = (try blob(1, size: 100), try blob(2, size: 10))
        progress.expect([one, two])
        progress.expect([two, one])
        #expect(progress.sample.expectedBytes == 110)
        progress.settle(one)
        progress.settle(one)
        #expect(progress.sample.arrivedBytes == 100)
        #expect(progress.sample.readBytes == 0, "it was there, or mounted")
    }

    @Test func `sums of what manifests claim stop at the greatest number`() throws {
        let progress = RunProgress()
        let blobs = try (0..<1025).map { number in
            let hex = String(repeating: "0", count: 60) + String(0x1000 + number, radix: 16)
            return Descriptor(
                mediaType: .ociManifest, digest: try Digest(parsing: "sha256:\(hex)"),
                size: Descriptor.maximumSize)
        }
        progress.expect(blobs)
        #expect(progress.sample.expectedBytes == .max)
        blobs.forEach(progress.settle)
        #expect(progress.sample.arrivedBytes == .max)
    }

    @Test func `follows a transfer, back to the beginning where it begins anew`() async throws {
        let progress = RunProgress()
        let one = try blob(1, size: 100)
        progress.expect([one])
        let transfer = BlobTransfer(of: one, for: "app", in: progress)
        await progress.showing(transfer) {
            #expect(progress.sample.transfers.isEmpty, "nothing has moved, and it may be mounted")
            transfer.note(60, endingAt: 60)
            #expect(
                progress.sample.transfers == [
                    .init(name: "app", digest: one.digest.short, done: 60, size: 100)
                ])
            #expect(progress.sample.arrivedBytes == 60)
            transfer.note(30, endingAt: 30)
            #expect(progress.sample.arrivedBytes == 30)
            #expect(progress.sample.readBytes == 90)
            transfer.note(70, endingAt: 200)
            #expect(progress.sample.transfers.first?.done == 100, "never more than there is")
            progress.settle(one)
            #expect(progress.sample.arrivedBytes == 100, "not twice")
        }
        #expect(progress.sample.transfers.isEmpty)
    }

    @Test func `adds up to all bytes after a run, and is at ease after the next`() async throws {
        var mirror = try Mirror(["docker.io/library/app:1.0"])
        let image = ImageBuilder().multiPlatform(seed: 3)
        try await mirror.world.publish(image, at: "docker.io/library/app:1.0")
        let progress = RunProgress()
        try await mirror.sync(progress: progress)
        let sample = progress.sample
        #expect(sample.finished == 1)
        #expect(sample.troubled == 0)
        #expect(sample.expectedBytes == image.blobs.values.reduce(0) { $0 + $1.count })
        #expect(sample.arrivedBytes == sample.expectedBytes)
        #expect(sample.transfers.isEmpty)
        #expect(sample.inHand.isEmpty)

        let second = RunProgress()
        try await mirror.sync(progress: second)
        #expect(second.sample == ProgressSample(total: 1, begun: 1, finished: 1))
    }
}

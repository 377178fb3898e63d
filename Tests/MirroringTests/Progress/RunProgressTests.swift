// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

@testable import Mirroring

@Suite(.timeLimit(.minutes(10))) struct `Progress of a run` {
    private func blob(_ number: Int, size: Int) throws -> Descriptor {
        let hex = String(repeating: "\(number)", count: 64)
        return Descriptor(
            mediaType: try MediaType(parsing: "application/octet-stream"),
            digest: try Digest(parsing: "sha256:\(hex)"), size: size)
    }

    @Test func `is empty at the start`() {
        #expect(RunProgress().sample == ProgressSample())
    }

    @Test func `counts started, finished and failed items, and lists the active ones`() {
        let progress = RunProgress()
        progress.expect(3)
        for name in ["a", "b", "c"] { progress.start(name) }
        progress.finish("b")
        progress.finish("a", isSuccess: false)
        let sample = progress.sample
        #expect(sample.totalCount == 3)
        #expect(sample.startedCount == 3)
        #expect(sample.isTotalKnown)
        #expect(sample.finishedCount == 2)
        #expect(sample.failedCount == 1)
        #expect(sample.activeNames == ["c"])
    }

    @Test func `counts a blob once even if several images share it`() throws {
        let progress = RunProgress()
        let (one, two) = (try blob(1, size: 100), try blob(2, size: 10))
        progress.expect([one, two])
        progress.expect([two, one])
        #expect(progress.sample.expectedBytes == 110)
        progress.complete(one)
        progress.complete(one)
        #expect(progress.sample.completedBytes == 100)
        #expect(progress.sample.readBytes == 0, "the blob was present or mounted")
    }

    @Test func `byte counts saturate instead of overflowing`() throws {
        let progress = RunProgress()
        let blobs = try (0..<1025).map { number in
            let hex = String(repeating: "0", count: 60) + String(0x1000 + number, radix: 16)
            return Descriptor(
                mediaType: .ociManifest, digest: try Digest(parsing: "sha256:\(hex)"),
                size: Descriptor.maximumSize)
        }
        progress.expect(blobs)
        #expect(progress.sample.expectedBytes == .max)
        blobs.forEach(progress.complete)
        #expect(progress.sample.completedBytes == .max)
    }

    @Test func `a transfer that restarts counts from the start`() throws {
        let progress = RunProgress()
        let one = try blob(1, size: 100)
        progress.expect([one])
        let transfer = BlobTransfer(of: one, for: "app", from: [], in: progress)
        progress.begin(transfer)
        #expect(
            progress.sample.transfers.isEmpty, "no byte was read, and the blob may be mounted")
        transfer.record(60, endingAt: 60)
        #expect(
            progress.sample.transfers == [
                .init(name: "app", digest: one.digest.short, readBytes: 60, size: 100)
            ])
        #expect(progress.sample.completedBytes == 60)
        transfer.record(30, endingAt: 30)
        #expect(progress.sample.completedBytes == 30)
        #expect(progress.sample.readBytes == 90)
        transfer.record(70, endingAt: 200)
        #expect(
            progress.sample.transfers.first?.readBytes == 100, "at most the size of the blob")
        progress.complete(one)
        #expect(progress.sample.completedBytes == 100, "counted once")
        progress.end(transfer)
        #expect(progress.sample.transfers.isEmpty)
    }

    @Test func `covers all bytes after a run, and none after a run without changes`() async throws {
        var mirror = try Mirror(["docker.io/library/app:1.0"])
        let image = ImageBuilder().multiPlatform(seed: 3)
        try await mirror.world.publish(image, at: "docker.io/library/app:1.0")
        let progress = RunProgress()
        try await mirror.sync(progress: progress)
        let sample = progress.sample
        #expect(sample.finishedCount == 1)
        #expect(sample.failedCount == 0)
        #expect(sample.expectedBytes == image.blobs.values.reduce(0) { $0 + $1.count })
        #expect(sample.completedBytes == sample.expectedBytes)
        #expect(sample.transfers.isEmpty)
        #expect(sample.activeNames.isEmpty)

        let second = RunProgress()
        try await mirror.sync(progress: second)
        #expect(second.sample == ProgressSample(totalCount: 1, startedCount: 1, finishedCount: 1))
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Mirroring

/// The state of a run at one moment.
struct ProgressSnapshot: Sendable {
    var sample = ProgressSample()
    /// The time since the start of the run.
    var elapsed = Duration.zero
    var bytesPerSecond = 0
    /// The estimated time for the remaining bytes.
    ///
    /// It is `nil` until all images have been started, while a host throttles, and in the first
    /// seconds, because an estimate would mislead then.
    var remaining: Duration?
    var throttledHosts: [ThrottledHost] = []
    /// The pulls remaining at each registry that reports them.
    var pulls: [String] = []

    /// The number of finished images and of images that need attention.
    var count: String {
        guard sample.totalCount > 0 else { return "resolving images" }
        let images = counted(sample.totalCount, "image")
        let failed = sample.failedCount > 0 ? ", \(sample.failedCount) failed" : ""
        return "\(sample.finishedCount) of \(images)\(failed)"
    }

    /// The number of bytes read, or `nil` if there are none.
    var bytes: String? {
        guard sample.expectedBytes > 0 else {
            return sample.readBytes > 0 ? "\(ByteCount(bytes: sample.readBytes)) read" : nil
        }
        return ByteCount.part(sample.completedBytes, of: sample.expectedBytes)
    }

    /// The transfer speed, or `nil` if there is no transfer.
    var speed: String? {
        sample.transfers.isEmpty ? nil : "\(ByteCount(bytes: bytesPerSecond))/s"
    }

    /// The remaining time.
    var timeRemaining: String? { remaining.map { "\($0.clock) left" } }
}

extension ThrottledHost {
    /// A line with the host, the reason and the remaining time.
    var line: String { "\(host): \(reason); retrying in \(remaining.clock)" }
}

extension Duration {
    /// The duration as `0:07`, `12:34` or `1:02:03`.
    var clock: String {
        let seconds = max(milliseconds, 0) / 1000
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        guard seconds >= 3600 else { return "\(seconds / 60):\(two(seconds % 60))" }
        return "\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }
}

extension ByteCount {
    /// Returns `1.2 of 3.4 GB`, or both units if they differ.
    static func part(_ part: Int, of whole: Int) -> String {
        let (part, whole) = (
            ByteCount(bytes: part).description, ByteCount(bytes: whole).description
        )
        let units = (part.split(separator: " ").last, whole.split(separator: " ").last)
        guard units.0 == units.1 else { return "\(part) of \(whole)" }
        return "\(part.prefix { $0 != " " }) of \(whole)"
    }
}

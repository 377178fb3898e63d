// SPDX-License-Identifier: Apache-2.0

internal import Mirroring

/// What is known of a run at one moment, ready to be shown.
struct ProgressSnapshot: Sendable {
    var sample = ProgressSample()
    /// How long the run has taken.
    var elapsed = Duration.zero
    var bytesPerSecond = 0
    /// How long what is known to be left will take; nil where that cannot be said.
    var left: Duration?
    var closedHosts: [ThrottledHost] = []
    /// What registries say that count pulls.
    var pulls: [String] = []

    /// How many things are done, and whether all went well.
    var count: String {
        guard sample.totalCount > 0 else { return "looking for images" }
        let images = counted(sample.totalCount, "image")
        let troubled = sample.failedCount > 0 ? ", \(sample.failedCount) not well" : ""
        return "\(sample.finishedCount) of \(images)\(troubled)"
    }

    /// How many bytes have arrived; nil where none are expected.
    var bytes: String? {
        guard sample.expectedBytes > 0 else {
            return sample.readBytes > 0 ? "\(ByteCount(bytes: sample.readBytes)) read" : nil
        }
        return ByteCount.part(sample.completedBytes, of: sample.expectedBytes)
    }

    /// The speed; nil where nothing is on its way.
    var speed: String? {
        sample.transfers.isEmpty ? nil : "\(ByteCount(bytes: bytesPerSecond))/s"
    }

    /// How long it will take; at least so long where images are still to be looked at.
    var timeLeft: String? {
        left.map { "\(sample.isTotalKnown ? "" : "over ")\($0.clock) left" }
    }
}

extension ThrottledHost {
    /// The host, why, and until when.
    var line: String { "\(host): \(reason); again in \(left.clock)" }
}

extension Duration {
    /// `0:07`, `12:34`, `1:02:03`.
    var clock: String {
        let seconds = max(milliseconds, 0) / 1000
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        guard seconds >= 3600 else { return "\(seconds / 60):\(two(seconds % 60))" }
        return "\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }
}

extension ByteCount {
    /// `1.2 of 3.4 GB`, or both units where they differ.
    static func part(_ part: Int, of whole: Int) -> String {
        let (part, whole) = (
            ByteCount(bytes: part).description, ByteCount(bytes: whole).description
        )
        let units = (part.split(separator: " ").last, whole.split(separator: " ").last)
        guard units.0 == units.1 else { return "\(part) of \(whole)" }
        return "\(part.prefix { $0 != " " }) of \(whole)"
    }
}
